-- Loaded at start: only the command, so that nothing else costs time before it is wanted.
if vim.g.loaded_midfill then
  return
end
vim.g.loaded_midfill = true

vim.api.nvim_create_user_command('Midfill', function(call)
  require('midfill.command').run(call.fargs)
end, {
  nargs = '*',
  desc = 'Midfill: status, toggle, doctor, restart',
  complete = function(lead)
    return require('midfill.command').names(lead)
  end,
})
