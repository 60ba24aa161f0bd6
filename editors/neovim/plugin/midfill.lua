-- Loaded at start: only the command, so that nothing else costs time before it is wanted.
if vim.g.loaded_midfill then
  return
end
vim.g.loaded_midfill = true

vim.api.nvim_create_user_command('Midfill', function(call)
  local has_range = call.range > 0
  require('midfill.command').run(call.fargs, has_range and call.line1 or nil, has_range and call.line2 or nil)
end, {
  nargs = '*',
  range = true,
  desc = 'Midfill: status, toggle, explain, why, doctor, restart',
  complete = function(lead)
    return require('midfill.command').names(lead)
  end,
})
