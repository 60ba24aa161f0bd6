--- Passes on what other tools say is wrong with a buffer: a server is not told of other servers'
--- diagnostics, and what is wrong near the cursor helps a model to see what is meant.
local M = {}

local api = vim.api

--- Tells the server of a buffer what is known to be wrong with it now.
---@param buf integer
local function tell(buf)
  if not api.nvim_buf_is_loaded(buf) then
    return
  end
  for _, client in ipairs(vim.lsp.get_clients({ name = 'midfill', bufnr = buf })) do
    local diagnostics = {}
    local severity = { min = vim.diagnostic.severity.WARN }
    for _, found in ipairs(vim.diagnostic.get(buf, { severity = severity })) do
      diagnostics[#diagnostics + 1] = {
        -- The server reads lines alone, so columns need not be in its unit.
        range = {
          start = { line = found.lnum, character = 0 },
          ['end'] = { line = found.end_lnum or found.lnum, character = 0 },
        },
        severity = found.severity,
        message = found.message,
      }
    end
    client:notify('midfill/diagnostics', { uri = vim.uri_from_bufnr(buf), diagnostics = diagnostics })
  end
end

--- Begins with one buffer.
---@param buf integer
---@param group integer of autocommands that end with the buffer's attachment
function M.attach(buf, group)
  api.nvim_create_autocmd('DiagnosticChanged', {
    group = group,
    buffer = buf,
    callback = vim.schedule_wrap(function()
      tell(buf)
    end),
  })
  tell(buf)
end

return M
