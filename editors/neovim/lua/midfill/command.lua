--- The command :Midfill.
local M = {}

local subcommands = {}

function subcommands.status()
  local status = require('midfill.status').of_buffer(0)
  if not status then
    return vim.notify('Midfill is not at work in this buffer. :checkhealth midfill may tell why.')
  end
  local words = {
    loading = 'loading its model',
    ready = 'ready',
    asleep = 'asleep',
    busy = 'thinking',
    off = 'off',
    error = 'in trouble',
  }
  local text = 'Midfill is ' .. (words[status.state] or status.state)
  if status.percent then
    text = ('%s (%d%%)'):format(text, status.percent)
  end
  if status.message and status.message ~= '' then
    text = text .. ': ' .. status.message
  end
  if not require('midfill.ghost_text').is_on then
    text = text .. '. Ghost text is switched off; :Midfill toggle brings it back'
  end
  local last = require('midfill.status').last_completion()
  text = last and text .. '\n' .. last or text
  local is_error = status.state == 'error'
  vim.notify(text, is_error and vim.log.levels.ERROR or vim.log.levels.INFO)
end

function subcommands.toggle()
  local midfill = require('midfill')
  midfill.toggle()
  vim.notify('Midfill: ghost text is ' .. (require('midfill.ghost_text').is_on and 'on' or 'off'))
end

function subcommands.restart()
  require('midfill').restart()
  vim.notify('Midfill: the server was started anew')
end

--- Shows text in a window below that `q` closes.
---@param lines string[]
---@param filetype? string
local function show(lines, filetype)
  vim.cmd('botright new')
  vim.api.nvim_win_set_height(0, math.min(#lines + 1, 20))
  vim.api.nvim_buf_set_lines(0, 0, -1, false, lines)
  vim.bo.buftype, vim.bo.bufhidden, vim.bo.modifiable = 'nofile', 'wipe', false
  if filetype then
    vim.bo.filetype = filetype
  end
  vim.keymap.set('n', 'q', '<Cmd>close<CR>', { buffer = true })
end

--- Explains the last ghost text of this buffer, or why there was none.
function subcommands.why()
  local client = vim.lsp.get_clients({ name = 'midfill', bufnr = 0 })[1]
  if not client then
    return vim.notify('Midfill is not at work in this buffer. :checkhealth midfill may tell why.')
  end
  local params = { command = 'midfill.why', arguments = { vim.uri_from_bufnr(0) } }
  client:request('workspace/executeCommand', params, function(problem, result)
    if problem or not result then
      local text = 'Midfill: the server cannot explain (%s).'
      return vim.notify(text:format(problem and problem.message or 'no answer'), vim.log.levels.ERROR)
    end
    show(vim.split(vim.trim(result.markdown), '\n'), 'markdown')
  end, 0)
end

--- Explains the function under the cursor, or the selected lines.
function subcommands.explain(first, last)
  require('midfill.explain').here(first, last)
end

--- Writes a docstring for the function under the cursor, or for those in the selected lines.
function subcommands.docstring(first, last)
  require('midfill.write').docstring(first, last)
end

--- Opens a test file for the function under the cursor.
function subcommands.tests(first, last)
  require('midfill.write').tests(first, last)
end

--- Shows what `midfill doctor` finds, in a window below.
function subcommands.doctor()
  local program = M.program()
  local started, problem = pcall(vim.system, { program, 'doctor' }, { text = true }, function(done)
    vim.schedule(function()
      local lines = vim.split(vim.trim(done.stdout .. done.stderr), '\n')
      show(lines)
    end)
  end)
  if not started then
    local text = 'Midfill: %s could not be started (%s). Put it on PATH, or name it in setup{ cmd = … }.'
    vim.notify(text:format(program, problem), vim.log.levels.ERROR)
  end
end

--- The program the server is started with.
---@return string
function M.program()
  local config = vim.lsp.config.midfill
  return config and type(config.cmd) == 'table' and config.cmd[1] or 'midfill'
end

---@param lead string what is typed so far
---@return string[]
function M.names(lead)
  return vim.tbl_filter(function(name)
    return vim.startswith(name, lead)
  end, vim.fn.sort(vim.tbl_keys(subcommands)))
end

---@param arguments string[]
---@param first? integer the first line of the command's range, where it has one
---@param last? integer
function M.run(arguments, first, last)
  local name = arguments[1] or 'status'
  local act = subcommands[name]
  if act then
    return act(first, last)
  end
  local known = table.concat(M.names(''), ', ')
  vim.notify(('Midfill: there is no :Midfill %s. Known are: %s'):format(name, known), vim.log.levels.ERROR)
end

return M
