--- Keys that do something while ghost text is shown, and what they always did otherwise.
local M = {}

local api = vim.api

---@param keys string in the internal form, see |nvim_replace_termcodes()|
---@param is_remapped boolean
local function feed(keys, is_remapped)
  -- At the front of the typeahead: keys typed meanwhile come after.
  api.nvim_feedkeys(keys, is_remapped and 'im' or 'in', false)
end

---@param keys string as written in a mapping
local function internal(keys)
  return api.nvim_replace_termcodes(keys, true, true, true)
end

--- Does what the key did before it was ours: the mapping of another plugin, or of Neovim itself
--- (<Tab> jumps in snippets), or the plain key.
---@param key string
---@param earlier table as returned by maparg()
local function fall_through(key, earlier)
  if vim.tbl_isempty(earlier) then
    return feed(internal(key), false)
  end
  local is_remapped = earlier.noremap ~= 1
  local rhs = (earlier.rhs or ''):gsub('<SID>', ('<SNR>%d_'):format(earlier.sid))
  if earlier.expr == 1 then
    local keys = earlier.callback and earlier.callback() or not earlier.callback and api.nvim_eval(rhs)
    if keys then
      feed(earlier.replace_keycodes == 1 and internal(keys) or keys, is_remapped)
    end
  elseif earlier.callback then
    earlier.callback()
  else
    feed(internal(rhs), is_remapped)
  end
end

---@type table<string, table> what each key did before, kept when setup() runs again
local before = {}

--- Maps a key in insert mode. Not an <expr> mapping: the buffer has to change before the next key of
--- the typeahead is read.
---@param key string
---@param desc string
---@param act fun(): boolean false when there was nothing to do
function M.map(key, desc, act)
  before[key] = before[key] or vim.fn.maparg(key, 'i', false, true)
  vim.keymap.set('i', key, function()
    if not act() then
      fall_through(key, before[key])
    end
  end, { desc = desc })
end

return M
