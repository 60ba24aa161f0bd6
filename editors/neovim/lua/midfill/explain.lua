--- Explains the function under the cursor, or the selected lines, in a window beside the code that
--- fills as the answer comes.
local M = {}

local api = vim.api

--- What is being told, by the token of its pieces.
---@type table<string, {buf: integer, client: vim.lsp.Client, request?: integer}>
local telling = {}
local n_asked = 0

--- Puts text behind what is in a buffer; a window that stands at its end stays there.
---@param buf integer
---@param text string
local function append(buf, text)
  if not api.nvim_buf_is_valid(buf) then
    return
  end
  local last = api.nvim_buf_get_lines(buf, -2, -1, false)[1] or ''
  vim.bo[buf].modifiable = true
  api.nvim_buf_set_lines(buf, -2, -1, false, vim.split(last .. text, '\n'))
  vim.bo[buf].modifiable = false
end

--- `$/progress`: a piece of an explanation, or what Neovim knows how to show.
function M.receive(problem, params, context)
  local one = telling[params.token]
  if not one then
    return vim.lsp.handlers['$/progress'](problem, params, context)
  end
  append(one.buf, params.value.append or '')
end

--- Ends what is being told in a buffer; what was told stays.
---@param buf integer
local function stop(buf)
  for token, one in pairs(telling) do
    if one.buf == buf then
      telling[token] = nil
      if one.request then
        one.client:cancel_request(one.request)
      end
    end
  end
end

--- Goes to the place that the line under the cursor speaks of: the link under the cursor, or the next
--- one of the line.
---@param source integer the window with the code
local function jump(source)
  local line, column = api.nvim_get_current_line(), api.nvim_win_get_cursor(0)[2] + 1
  local found
  for start, uri, number, finish in line:gmatch('()%[[^%]]*%]%((%S-)#L(%d+)%)()') do
    found = { uri = uri, line = tonumber(number) }
    if finish > column and start <= column or start > column then
      break
    end
  end
  if not found then
    return vim.notify('Midfill: no place is named in this line.')
  end
  if api.nvim_win_is_valid(source) then
    api.nvim_set_current_win(source)
  end
  local buf = vim.uri_to_bufnr(found.uri)
  if buf ~= api.nvim_get_current_buf() then
    vim.cmd.buffer(buf)
  end
  local n_lines = api.nvim_buf_line_count(buf)
  vim.cmd("normal! m'")
  api.nvim_win_set_cursor(0, { math.min(found.line, n_lines), 0 })
  vim.cmd('normal! zz^')
end

--- A window to the right, with the keys of an explanation.
---@return integer buf
local function open()
  local source = api.nvim_get_current_win()
  vim.cmd('botright vnew')
  local buf = api.nvim_get_current_buf()
  vim.bo.buftype, vim.bo.bufhidden, vim.bo.swapfile, vim.bo.modifiable = 'nofile', 'wipe', false, false
  vim.bo.filetype = 'markdown'
  vim.wo.wrap, vim.wo.linebreak, vim.wo.conceallevel, vim.wo.spell = true, true, 2, false
  vim.wo.number, vim.wo.relativenumber, vim.wo.signcolumn = false, false, 'no'
  local function map(key, act, desc)
    vim.keymap.set('n', key, act, { buffer = true, desc = 'Midfill: ' .. desc, nowait = true })
  end
  map('q', '<Cmd>close<CR>', 'close the explanation')
  map('<C-c>', function()
    stop(buf)
  end, 'stop the explanation')
  map('<CR>', function()
    jump(source)
  end, 'go to the line that is spoken of')
  api.nvim_create_autocmd('BufWipeout', {
    buffer = buf,
    callback = function()
      stop(buf)
    end,
  })
  api.nvim_set_current_win(source)
  return buf
end

--- Asks a server to explain, and shows what it says.
---@param client vim.lsp.Client
---@param question table what `midfill.explain` takes
---@param source integer the buffer with the code
function M.ask(client, question, source)
  n_asked = n_asked + 1
  local token = 'midfill/explain/' .. n_asked
  question = vim.tbl_extend('force', question, { partialResultToken = token })
  local buf = open()
  telling[token] = { buf = buf, client = client }
  local params = { command = 'midfill.explain', arguments = { question } }
  local sent, request = client:request('workspace/executeCommand', params, function(problem, answer)
    telling[token] = nil
    if not api.nvim_buf_is_valid(buf) then
      return
    end
    if problem then
      -- What was told before it was stopped stays.
      if #table.concat(api.nvim_buf_get_lines(buf, 0, -1, false)) == 0 then
        api.nvim_buf_delete(buf, { force = true })
      end
      -- LSP's RequestCancelled: whoever stopped it knows.
      if problem.code ~= -32800 then
        vim.notify('Midfill: ' .. problem.message, vim.log.levels.WARN)
      end
      return
    end
    vim.bo[buf].modifiable = true
    api.nvim_buf_set_lines(buf, 0, -1, false, vim.split(vim.trim(answer.markdown), '\n'))
    vim.bo[buf].modifiable = false
    pcall(api.nvim_buf_set_name, buf, ('midfill://%d/%s'):format(n_asked, answer.title))
  end, source)
  if sent and telling[token] then
    telling[token].request = request
  end
end

--- Explains the function under the cursor, or the functions in these lines.
---@param first? integer from 1
---@param last? integer
function M.here(first, last)
  local client = vim.lsp.get_clients({ name = 'midfill', bufnr = 0 })[1]
  if not client then
    return vim.notify('Midfill is not at work in this buffer. :checkhealth midfill may tell why.')
  end
  local range
  if first and last then
    range = { start = { line = first - 1, character = 0 }, ['end'] = { line = last, character = 0 } }
  else
    local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
    range = { start = params.position, ['end'] = params.position }
  end
  local question = { textDocument = { uri = vim.uri_from_bufnr(0) }, range = range }
  M.ask(client, question, api.nvim_get_current_buf())
end

--- The command of the code action, which the server could carry out but not show.
---@param command lsp.Command
---@param context table
function M.command(command, context)
  local client = assert(vim.lsp.get_client_by_id(context.client_id))
  M.ask(client, command.arguments[1], context.bufnr or api.nvim_get_current_buf())
end

return M
