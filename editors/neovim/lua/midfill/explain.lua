--- Explains the function under the cursor, or the selected lines, in a window beside the code that
--- fills as the answer comes.
local M = {}

local api = vim.api

--- What is being told, by the token of its pieces.
---@type table<string, {buf: integer, client: vim.lsp.Client, request?: integer}>
local telling = {}
local n_asked = 0

--- Links, by the extmarks over their text: Neovim wraps a line as if what it conceals were there, so
--- only the text of a link is put into the buffer.
local links = api.nvim_create_namespace('midfill.links')
---@type table<integer, table<integer, {uri: string, line: integer}>> by buffer and extmark
local targets = {}

--- Puts Markdown behind what is in a buffer.
---@param buf integer
---@param markdown string
local function append(buf, markdown)
  if not api.nvim_buf_is_valid(buf) then
    return
  end
  vim.bo[buf].modifiable = true
  local row = api.nvim_buf_line_count(buf) - 1
  local column = #(api.nvim_buf_get_lines(buf, row, row + 1, false)[1] or '')
  for n, line in ipairs(vim.split(markdown, '\n')) do
    if n > 1 then
      row, column = row + 1, 0
      api.nvim_buf_set_lines(buf, row, row, false, { '' })
    end
    local function put(text)
      api.nvim_buf_set_text(buf, row, column, row, column, { text })
      column = column + #text
    end
    local from = 1
    for start, text, uri, number, finish in line:gmatch('()%[([^%[%]]*)%]%((%S-)#L(%d+)%)()') do
      put(line:sub(from, start - 1))
      local mark = api.nvim_buf_set_extmark(buf, links, row, column, {})
      put(text)
      -- Set again once its text is there, which else would push it along.
      api.nvim_buf_set_extmark(buf, links, row, column - #text, {
        id = mark,
        end_col = column,
        hl_group = 'MidfillLink',
      })
      targets[buf] = targets[buf] or {}
      targets[buf][mark] = { uri = uri, line = tonumber(number) }
      from = finish
    end
    put(line:sub(from))
  end
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
--- one of the line, or its last.
---@param source integer the window with the code
local function jump(source)
  local buf = api.nvim_get_current_buf()
  local row, column = unpack(api.nvim_win_get_cursor(0))
  local found
  local marks = api.nvim_buf_get_extmarks(buf, links, { row - 1, 0 }, { row - 1, -1 }, { details = true })
  for _, mark in ipairs(marks) do
    found = targets[buf] and targets[buf][mark[1]] or found
    if mark[4].end_col > column then
      break
    end
  end
  if not found then
    return vim.notify('Midfill: no place is named in this line.')
  end
  if api.nvim_win_is_valid(source) then
    api.nvim_set_current_win(source)
  end
  local wanted = vim.uri_to_bufnr(found.uri)
  if wanted ~= api.nvim_get_current_buf() then
    vim.cmd.buffer(wanted)
  end
  vim.cmd("normal! m'")
  api.nvim_win_set_cursor(0, { math.min(found.line, api.nvim_buf_line_count(0)), 0 })
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
      targets[buf] = nil
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
    -- Pieces that came late are in it.
    vim.bo[buf].modifiable = true
    api.nvim_buf_set_lines(buf, 0, -1, false, {})
    append(buf, vim.trim(answer.markdown))
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
  local client, question = require('midfill.subject').here(first, last)
  if client and question then
    M.ask(client, question, api.nvim_get_current_buf())
  end
end

--- The command of the code action, which the server could carry out but not show.
---@param command lsp.Command
---@param context table
function M.command(command, context)
  local client = assert(vim.lsp.get_client_by_id(context.client_id))
  M.ask(client, command.arguments[1], context.bufnr or api.nvim_get_current_buf())
end

return M
