--- :checkhealth midfill
local M = {}

local health = vim.health

local function check_program()
  local program = require('midfill.command').program()
  if vim.fn.executable(program) == 0 then
    return health.error(('The program %q was not found'):format(program), {
      'Build it with `./x try` in the repository of Midfill.',
      "Put it on PATH, or name it: require('midfill').setup{ cmd = { '/path/to/midfill', 'serve' } }",
    })
  end
  local done = vim.system({ program, '--version' }, { text = true }):wait(5000)
  if done.code ~= 0 then
    return health.error(('%s --version ended with %d: %s'):format(program, done.code, vim.trim(done.stderr or '')))
  end
  health.ok(('%s (%s)'):format(vim.trim(done.stdout), vim.fn.exepath(program)))
end

local function check_servers()
  local clients = vim.lsp.get_clients({ name = 'midfill' })
  if #clients == 0 then
    return health.info('No server is running. It starts when a Python file is opened.')
  end
  for _, client in ipairs(clients) do
    local buf = next(client.attached_buffers)
    local status = buf and require('midfill.status').of_buffer(buf)
    local text = ('Server %d in %s: %s'):format(
      client.id,
      client.root_dir or 'no project',
      status and table.concat({ status.state, status.message }, ', ') or 'attached to no buffer'
    )
    if not client:supports_method('textDocument/inlineCompletion') then
      health.error(text .. ', but it offers no inline completion', { 'Is the program of this version?' })
    elseif status and status.state == 'error' then
      health.error(text, { 'Run `:Midfill doctor`.' })
    else
      health.ok(text)
    end
  end
end

local function check_keymaps()
  for name, key in pairs(require('midfill').options.keymaps) do
    local map = key and vim.fn.maparg(key, 'i', false, true) or {}
    if key and not vim.startswith(map.desc or '', 'Midfill:') then
      health.warn(('%s (%s) now belongs to something else'):format(key, name), {
        ('Give it another key: setup{ keymaps = { %s = "…" } }'):format(name),
        "Or call require('midfill').accept('all') from that mapping.",
      })
    end
  end
end

function M.check()
  health.start('midfill')
  if vim.fn.has('nvim-0.12') == 0 then
    return health.error('Neovim 0.12 or newer is needed')
  end
  health.ok('Neovim ' .. tostring(vim.version()))
  check_program()
  if not require('midfill').options then
    return health.warn("Midfill is not switched on: call require('midfill').setup()")
  end
  check_servers()
  check_keymaps()
  if not require('midfill.ghost_text').is_on then
    health.warn('Ghost text is switched off', { 'Run `:Midfill toggle`.' })
  end
end

return M
