--- A language server of a few lines that says what a rule file tells it, for tests of the editor side
--- alone. It also is the negative control: with `--without-inline-completion` it announces nothing.
---
---   nvim --clean -l stand_in.lua RULES.json [--without-inline-completion] [--deaf] [--log FILE] [--delay MS]
---
--- RULES.json is a list of {"ends_with": end of the prefix, "says": text}; the first rule that fits
--- answers. A deaf server answers cancelled requests too. Every message it gets is written to the log, one JSON object a line.

local rules = vim.json.decode(table.concat(vim.fn.readfile(arg[1]), '\n'))
local options = { delay = '0' }
for index = 2, #arg do
  if arg[index] == '--without-inline-completion' then
    options.silent = true
  elseif arg[index] == '--deaf' then
    options.deaf = true
  elseif arg[index]:sub(1, 2) == '--' then
    options[arg[index]:sub(3)] = arg[index + 1]
  end
end
local log = options.log and assert(io.open(options.log, 'w'))
local documents, cancelled, closed, last = {}, {}, false, nil
local stdin, stdout = vim.uv.new_pipe(), vim.uv.new_pipe()
stdin:open(0)
stdout:open(1)

local function send(message)
  message.jsonrpc = '2.0'
  local body = vim.json.encode(message)
  stdout:write(('Content-Length: %d\r\n\r\n%s'):format(#body, body))
end

--- The text before an LSP position; characters are UTF-16 units.
local function prefix(text, position)
  local lines = vim.split(text, '\n')
  local last = lines[position.line + 1] or ''
  local before = vim.list_slice(lines, 1, position.line)
  before[#before + 1] = last:sub(1, vim.str_byteindex(last, 'utf-16', position.character, false))
  return table.concat(before, '\n')
end

local function completion(params)
  local before = prefix(documents[params.textDocument.uri] or '', params.position)
  for _, rule in ipairs(rules) do
    if vim.endswith(before, rule.ends_with) then
      local range = { start = params.position, ['end'] = params.position }
      last = rule.says
      local items = { { insertText = rule.says, range = range } }
      if params.context.triggerKind == 1 then
        for _, other in ipairs(rule.others or {}) do
          items[#items + 1] = { insertText = other, range = range }
        end
      end
      return { items = items }
    end
  end
  -- Not null: for Neovim's own inline completion that means "keep what is shown".
  return { items = {} }
end

local methods, wants_usage = {}, false

function methods.initialize(params, id)
  wants_usage = vim.tbl_get(params, 'capabilities', 'experimental', 'midfillUsage')
  local answer = { textDocumentSync = 1 }
  if not options.silent then
    answer.inlineCompletionProvider = true
  end
  send({ id = id, result = { capabilities = answer } })
end

methods['initialized'] = function()
  send({ method = 'midfill/status', params = { state = 'loading', message = 'stand-in', percent = 40 } })
  send({ method = 'midfill/status', params = { state = 'ready', message = 'stand-in' } })
end

methods['textDocument/didOpen'] = function(params)
  documents[params.textDocument.uri] = params.textDocument.text
end

methods['textDocument/didChange'] = function(params)
  documents[params.textDocument.uri] = params.contentChanges[#params.contentChanges].text
end

methods['textDocument/inlineCompletion'] = function(params, id)
  local answer = completion(params)
  if wants_usage then
    local why = not answer.items[1] and 'no rule fits' or nil
    send({ method = 'midfill/usage', params = { reused = 3, computed = 2, decoded = 1, whyNothing = why } })
  end
  vim.defer_fn(function()
    if cancelled[id] and not options.deaf then
      send({ id = id, error = { code = -32800, message = 'cancelled' } })
    else
      send({ id = id, result = answer })
    end
  end, tonumber(options.delay))
end

methods['workspace/executeCommand'] = function(params, id)
  if params.command == 'midfill.why' then
    local text = documents[params.arguments[1]]
    local markdown = '# Ghost text was shown\n\n' .. vim.trim(text) .. ' ⟦' .. (last or '') .. '⟧'
    send({ id = id, result = { markdown = markdown } })
  end
end

methods['$/cancelRequest'] = function(params)
  cancelled[params.id] = true
end

function methods.shutdown(_, id)
  send({ id = id, result = vim.NIL })
end

function methods.exit()
  closed = true
end

local function receive(body)
  local message = vim.json.decode(body)
  if log then
    log:write(body, '\n')
    log:flush()
  end
  local method = methods[message.method]
  if method then
    method(message.params, message.id)
  elseif message.id and message.method then
    send({ id = message.id, error = { code = -32601, message = 'not known: ' .. message.method } })
  end
end

local buffered = ''
stdin:read_start(function(_, data)
  closed = closed or not data
  buffered = buffered .. (data or '')
  while true do
    local header_end, length = buffered:match('Content%-Length: %d+\r\n\r\n()'), buffered:match('Content%-Length: (%d+)')
    if not header_end or #buffered < header_end - 1 + length then
      return
    end
    local body = buffered:sub(header_end, header_end - 1 + length)
    buffered = buffered:sub(header_end + length)
    vim.schedule(function()
      receive(body)
    end)
  end
end)

vim.wait(2 ^ 30, function()
  return closed
end, 10)
