--- What the server last said about itself, as it stands in a status line.
local M = {}

---@class midfill.Status
---@field state 'loading'|'ready'|'asleep'|'busy'|'off'|'error'
---@field message? string
---@field percent? number

---@class midfill.Usage what the last completion cost
---@field reused integer prompt tokens that were in the cache
---@field computed integer prompt tokens that were not
---@field decoded integer tokens written
---@field whyNothing? string

---@type table<integer, midfill.Status> by client
local by_client = {}

---@type table<integer, midfill.Usage> by client
local usage_by_client = {}

local function announce()
  vim.api.nvim_exec_autocmds('User', { pattern = 'MidfillStatus', modeline = false })
  vim.cmd.redrawstatus({ bang = true })
end

--- The handler of `midfill/status`.
---@param client_id integer
---@param status midfill.Status
function M.receive(client_id, status)
  by_client[client_id] = status
  announce()
end

--- The handler of `midfill/usage`.
---@param client_id integer
---@param usage midfill.Usage
function M.receive_usage(client_id, usage)
  usage_by_client[client_id] = usage
end

---@param client_id integer
function M.forget(client_id)
  by_client[client_id], usage_by_client[client_id] = nil, nil
  -- A client that stopped by itself may report from a fast event, where redrawing is not allowed.
  vim.schedule(announce)
end

--- The status of the server of one buffer; nil when none is attached. One that has not said anything
--- counts as ready.
---@param buf? integer
---@return midfill.Status?
function M.of_buffer(buf)
  local client = vim.lsp.get_clients({ name = 'midfill', bufnr = buf or 0 })[1]
  if not client then
    return nil
  end
  return by_client[client.id] or { state = 'ready' }
end

--- A sentence about the last completion in one buffer; nil before the first.
---@return string?
function M.last_completion()
  local client = vim.lsp.get_clients({ name = 'midfill', bufnr = 0 })[1]
  local usage = client and usage_by_client[client.id]
  if not usage then
    return nil
  elseif usage.whyNothing then
    return ('The last time there was no ghost text: %s.'):format(usage.whyNothing)
  end
  local text = 'The last ghost text took %d new tokens of the prompt (%d were known) and %d written ones.'
  return text:format(usage.computed, usage.reused, usage.decoded)
end

--- A short text for the status line; empty where Midfill is not at work.
---@param is_on boolean whether the user wants ghost text
---@return string
function M.line(is_on)
  local status = M.of_buffer(0)
  if not status then
    return ''
  elseif not is_on or status.state == 'off' then
    return 'Midfill off'
  elseif status.state == 'loading' then
    return status.percent and ('Midfill %d%%'):format(status.percent) or 'Midfill …'
  elseif status.state == 'busy' then
    return 'Midfill …'
  elseif status.state == 'asleep' then
    return 'Midfill zzz'
  elseif status.state == 'error' then
    return 'Midfill !'
  end
  return 'Midfill'
end

return M
