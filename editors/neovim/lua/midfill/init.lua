--- Midfill in Neovim: starts the server for Python buffers and shows what it says as ghost text.
local M = {}

local api = vim.api
local ghost_text = require('midfill.ghost_text')
local status = require('midfill.status')

---@class midfill.Options
---@field cmd? string[] the program and its arguments
---@field init_options? table handed to the server as it is, see its own manual
---@field delay_ms? integer pause after a key before the server is asked
---@field keymaps? table<string, string|false> false leaves a key alone

---@type midfill.Options
local defaults = {
  cmd = { 'midfill', 'serve' },
  init_options = vim.empty_dict(),
  delay_ms = 30,
  keymaps = {
    accept = '<Tab>',
    accept_word = '<M-Right>',
    accept_line = '<M-l>',
    dismiss = '<C-]>',
    ask = [[<M-\>]],
  },
}

---@type table<string, {desc: string, act: fun(): boolean}>
local actions = {
  accept = {
    desc = 'Midfill: accept the ghost text',
    act = function()
      return ghost_text.accept('all')
    end,
  },
  accept_word = {
    desc = 'Midfill: accept the next word',
    act = function()
      return ghost_text.accept('word')
    end,
  },
  accept_line = {
    desc = 'Midfill: accept up to the end of the line',
    act = function()
      return ghost_text.accept('line')
    end,
  },
  dismiss = { desc = 'Midfill: hide the ghost text', act = ghost_text.dismiss },
  ask = { desc = 'Midfill: ask for ghost text now', act = ghost_text.ask },
}

M.accept = ghost_text.accept
M.dismiss = ghost_text.dismiss
M.ask = ghost_text.ask

---@type midfill.Options?
M.options = nil

--- Ends with a sentence about the first option that cannot be used.
---@param options midfill.Options
local function check(options)
  for name in pairs(options) do
    if defaults[name] == nil then
      local known = table.concat(vim.fn.sort(vim.tbl_keys(defaults)), ', ')
      error(('midfill: there is no option %q. Known are: %s'):format(name, known), 0)
    end
  end
  vim.validate('midfill: cmd', options.cmd, vim.islist, true, 'list of the program and its arguments')
  vim.validate('midfill: init_options', options.init_options, 'table', true)
  vim.validate('midfill: delay_ms', options.delay_ms, 'number', true)
  vim.validate('midfill: keymaps', options.keymaps, 'table', true)
  for name, key in pairs(options.keymaps or {}) do
    if not actions[name] then
      local known = table.concat(vim.fn.sort(vim.tbl_keys(actions)), ', ')
      error(('midfill: there is no keymap %q. Known are: %s'):format(name, known), 0)
    end
    vim.validate('midfill: keymaps.' .. name, key, function(value)
      return type(value) == 'string' or value == false
    end, 'a key such as "<Tab>", or false')
  end
end

local function watch()
  local group = api.nvim_create_augroup('midfill', {})
  local buffers = api.nvim_create_augroup('midfill.buffers', {})
  api.nvim_create_autocmd('LspAttach', {
    group = group,
    callback = function(event)
      local client = vim.lsp.get_client_by_id(event.data.client_id)
      if not client or client.name ~= 'midfill' then
        return
      end
      -- Someone may have switched Neovim's own on for every server; the text would stand there twice.
      vim.lsp.inline_completion.enable(false, { client_id = client.id })
      ghost_text.attach(event.buf, buffers)
      require('midfill.diagnostics').attach(event.buf, buffers)
    end,
  })
  api.nvim_create_autocmd('LspDetach', {
    group = group,
    callback = function(event)
      local client = vim.lsp.get_client_by_id(event.data.client_id)
      if client and client.name == 'midfill' then
        api.nvim_clear_autocmds({ group = buffers, buffer = event.buf })
        ghost_text.stop()
      end
    end,
  })
end

--- Switches Midfill on. Every option has a default; see |midfill-options|.
---@param options? midfill.Options
function M.setup(options)
  if vim.fn.has('nvim-0.12') == 0 then
    return vim.notify('Midfill needs Neovim 0.12 or newer.', vim.log.levels.ERROR)
  end
  check(options or {})
  M.options = vim.tbl_deep_extend('force', defaults, options or {})
  ghost_text.delay_ms = M.options.delay_ms
  api.nvim_set_hl(0, 'MidfillGhostText', { default = true, link = 'ComplHint' })
  api.nvim_set_hl(0, 'MidfillLink', { default = true, link = 'Underlined' })
  for name, key in pairs(M.options.keymaps) do
    if key then
      require('midfill.keymaps').map(key, actions[name].desc, actions[name].act)
    end
  end
  watch()
  vim.lsp.config('midfill', { cmd = M.options.cmd, init_options = M.options.init_options })
  vim.lsp.enable('midfill')
end

--- A short text for the status line, such as `Midfill` or `Midfill 40%`; empty in other buffers.
---@return string
function M.status()
  return status.line(ghost_text.is_on)
end

--- Switches ghost text on or off, for all buffers. The server stays.
---@param is_on? boolean the other way round when left out
function M.toggle(is_on)
  if is_on == nil then
    is_on = not ghost_text.is_on
  end
  ghost_text.switch(is_on)
  vim.cmd.redrawstatus({ bang = true })
end

--- Stops the server and starts it anew, with the options as they are now.
function M.restart()
  vim.lsp.enable('midfill', false)
  vim.wait(3000, function()
    return #vim.lsp.get_clients({ name = 'midfill' }) == 0
  end, 20)
  vim.lsp.enable('midfill', true)
end

return M
