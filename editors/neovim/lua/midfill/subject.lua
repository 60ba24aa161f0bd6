--- What a command of the server is asked about.
local M = {}

--- The server of this buffer, and its function under the cursor, or the functions in these lines, as
--- the server's commands take it. Nothing where no server is at work, which is said.
---@param first? integer from 1
---@param last? integer
---@return vim.lsp.Client?
---@return {textDocument: table, range: table}?
function M.here(first, last)
  local client = vim.lsp.get_clients({ name = 'midfill', bufnr = 0 })[1]
  if not client then
    vim.notify('Midfill is not at work in this buffer. :checkhealth midfill may tell why.')
    return
  end
  local range
  if first and last then
    range = { start = { line = first - 1, character = 0 }, ['end'] = { line = last, character = 0 } }
  else
    local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
    range = { start = params.position, ['end'] = params.position }
  end
  return client, { textDocument = { uri = vim.uri_from_bufnr(0) }, range = range }
end

return M
