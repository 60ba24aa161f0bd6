--- Ghost text: ask the server while the user types, draw the answer, put accepted text into the buffer.
---
--- Neovim's own `vim.lsp.inline_completion` shows Midfill's answers too. This module is here because
--- 0.12's waits 200 ms after each key, leaves older requests running, and inserts at the place where
--- the text was asked for even when more has been typed since.
---
--- At any time at most one text is shown and at most one request is under way. A text is shown only
--- while what the user has typed since it was asked for is the beginning of it.
local M = {}

local api = vim.api
local method = 'textDocument/inlineCompletion'
local namespace = api.nvim_create_namespace('midfill.ghost_text')
local trigger = { invoked = 1, automatic = 2 }

---@class midfill.Shown
---@field buf integer
---@field row integer 0-based row of the cursor when the text was asked for
---@field col integer 0-based byte column of the same
---@field text string what to write from there on
---@field command lsp.Command? what to run once all of it is in the buffer
---@field items table[] all there is to choose from
---@field index integer which of them is shown

---@class midfill.Place where the cursor stands, and in which version of the text
---@field buf integer
---@field row integer
---@field col integer
---@field tick integer

---@class midfill.Request
---@field client vim.lsp.Client
---@field id integer

M.is_on = true
M.delay_ms = 30

local shown ---@type midfill.Shown?
local request ---@type midfill.Request?
local asked_at ---@type midfill.Place?
local timer = assert(vim.uv.new_timer())

---@return midfill.Place
local function place()
  local cursor = api.nvim_win_get_cursor(0)
  local buf = api.nvim_get_current_buf()
  return { buf = buf, row = cursor[1] - 1, col = cursor[2], tick = api.nvim_buf_get_changedtick(buf) }
end

local function is_inserting()
  return api.nvim_get_mode().mode:sub(1, 1) == 'i'
end

---@return vim.lsp.Client?
local function client_of(buf)
  return vim.lsp.get_clients({ name = 'midfill', bufnr = buf, method = method })[1]
end

local function cancel()
  timer:stop()
  if request then
    request.client:cancel_request(request.id)
    request = nil
  end
end

local function clear()
  if shown and api.nvim_buf_is_valid(shown.buf) then
    api.nvim_buf_clear_namespace(shown.buf, namespace, 0, -1)
  end
end

--- The part of the shown text that is not in the buffer yet; nil when nothing is shown, when all of
--- it was typed, or when the user typed something else.
---@return string?
local function remaining()
  local here = place()
  if not shown or shown.buf ~= here.buf then
    return nil
  end
  local is_before = here.row < shown.row or (here.row == shown.row and here.col < shown.col)
  if is_before or shown.row >= api.nvim_buf_line_count(shown.buf) then
    return nil
  end
  local first = api.nvim_buf_get_lines(shown.buf, shown.row, shown.row + 1, true)[1]
  if #first < shown.col then
    return nil
  end
  local typed = api.nvim_buf_get_text(shown.buf, shown.row, shown.col, here.row, here.col, {})
  local written = table.concat(typed, '\n')
  local text = shown.text
  if #text > #written and vim.startswith(text, written) then
    return text:sub(#written + 1)
  end
end

local function hide()
  clear()
  shown = nil
end

--- Draws what remains of the shown text at the cursor, or hides it when it fits no longer.
local function draw()
  clear()
  local text = remaining()
  if not shown or not text then
    return hide()
  end
  -- Virtual text shows a tab as a control character.
  local drawn = text:gsub('\t', (' '):rep(vim.bo[shown.buf].tabstop))
  local lines = vim.split(drawn, '\n')
  local below = vim.tbl_map(function(line)
    return { { line, 'MidfillGhostText' } }
  end, vim.list_slice(lines, 2))
  local here = place()
  api.nvim_buf_set_extmark(here.buf, namespace, here.row, here.col, {
    virt_text = lines[1] ~= '' and { { lines[1], 'MidfillGhostText' } } or nil,
    virt_lines = #below > 0 and below or nil,
    virt_text_pos = 'inline',
    hl_mode = 'combine',
  })
end

--- Shows one of several texts for the same place.
local function show(at, items, index)
  local item = items[index]
  clear()
  shown = { buf = at.buf, row = at.row, col = at.col, items = items, index = index }
  shown.text, shown.command = item.insertText, item.command
  draw()
end

--- The texts to choose from, while nothing of the shown one was typed.
---@return table[]?
local function choice()
  if shown and #shown.items > 1 and remaining() == shown.text then
    return shown.items
  end
end

--- Takes an answer, unless the cursor or the text has moved since the question. No answer and an empty
--- one mean that the server has nothing new to say: what is shown still fits and stays.
local function receive(at, kind, err, result)
  if err or not result or not M.is_on or not is_inserting() or not vim.deep_equal(at, place()) then
    return
  end
  local items = result.items or result
  if items[1] then
    -- Who asks for another text than the one that is shown is shown another one.
    local is_known = kind == trigger.invoked and items[2] and remaining() == items[1].insertText
    show(at, items, is_known and 2 or 1)
  end
end

---@param kind integer
local function ask(kind)
  cancel()
  local at = place()
  local client = client_of(at.buf)
  if not client or not M.is_on or not is_inserting() then
    return
  end
  local params = vim.lsp.util.make_position_params(0, client.offset_encoding) --[[@as table]]
  params.context = { triggerKind = kind }
  local mine ---@type midfill.Request
  local sent, id = client:request(method, params, function(err, result)
    if request == mine then
      request = nil
      receive(at, kind, err, result)
    end
  end, at.buf)
  if sent and id then
    mine = { client = client, id = id }
    request = mine
  end
end

--- Called on each event of insert mode that may have moved the cursor or changed the text. Must not
--- return a true value: that would end the autocommand.
local function follow()
  local here = place()
  -- Typing one character raises TextChangedI and CursorMovedI.
  if not M.is_on or vim.deep_equal(here, asked_at) then
    return
  end
  asked_at = here
  draw()
  cancel()
  timer:start(M.delay_ms, 0, vim.schedule_wrap(function()
    ask(trigger.automatic)
  end))
end

--- Hides the ghost text and stops asking until the next change.
---@return boolean whether there was any
function M.dismiss()
  local had = remaining() ~= nil
  cancel()
  hide()
  return had
end

--- How much of the text each way of accepting takes.
local portion = {}

function portion.all(text)
  return text
end

--- Up to the end of the next word, or of the next run of punctuation.
function portion.word(text)
  return text:match('^%s*[%w_\128-\255]+') or text:match('^%s*[^%w_%s\128-\255]+') or text
end

--- Up to the end of the line; a text that starts with a line break gives the line after it.
function portion.line(text)
  return text:match('^\n?[^\n]*')
end

--- Puts the ghost text, or its next part, into the buffer.
---@param what 'all'|'word'|'line'
---@return boolean whether there was any
function M.accept(what)
  local text = remaining()
  if not text then
    return false
  end
  local here = place()
  local command = shown and shown.command
  local taken = portion[what](text)
  local lines = vim.split(taken, '\n')
  -- One `u` takes back what was accepted and not what was typed before it.
  vim.go.undolevels = vim.go.undolevels
  api.nvim_buf_set_text(here.buf, here.row, here.col, here.row, here.col, lines)
  local col = (#lines == 1 and here.col or 0) + #lines[#lines]
  api.nvim_win_set_cursor(0, { here.row + #lines, col })
  local client = client_of(here.buf)
  if command and client and taken == text then
    -- What the text needs elsewhere in the file, such as an import.
    client:exec_cmd(command, { bufnr = here.buf })
  end
  follow()
  return true
end

--- Asks at once, by hand: the server then also answers where it keeps quiet otherwise, and gives
--- several texts to choose from. Again: the next of them.
---@return boolean whether there is a server to ask
function M.ask()
  local items = choice()
  if shown and items then
    show(shown, items, shown.index % #items + 1)
    return true
  end
  ask(trigger.invoked)
  return request ~= nil
end

---@param is_on boolean
function M.switch(is_on)
  M.is_on = is_on
  M.stop()
  if is_on and is_inserting() then
    follow()
  end
end

--- Starts watching one buffer.
---@param buf integer
---@param group integer augroup
function M.attach(buf, group)
  api.nvim_clear_autocmds({ group = group, buffer = buf })
  api.nvim_create_autocmd({ 'TextChangedI', 'TextChangedP', 'CursorMovedI' }, {
    group = group,
    buffer = buf,
    callback = follow,
  })
  -- It comes while the mode is still the old one.
  api.nvim_create_autocmd('InsertEnter', {
    group = group,
    buffer = buf,
    callback = vim.schedule_wrap(function()
      if is_inserting() and api.nvim_get_current_buf() == buf then
        follow()
      end
    end),
  })
  api.nvim_create_autocmd({ 'InsertLeave', 'BufLeave' }, {
    group = group,
    buffer = buf,
    callback = M.stop,
  })
end

--- Hides the ghost text and forgets the place it was for.
function M.stop()
  asked_at = nil
  M.dismiss()
end

return M
