---@brief
--- Inline completion for Python from a model on your own machine.
--- Found by `vim.lsp.enable('midfill')`; `require('midfill').setup()` does that and adds the rest.

---@type vim.lsp.Config
return {
  cmd = { 'midfill', 'serve' },
  filetypes = { 'python' },
  root_markers = { 'pyproject.toml', 'setup.py', 'setup.cfg', 'requirements.txt', '.git' },
  -- So that `:Midfill status` can say why there was no ghost text.
  capabilities = { experimental = { midfillUsage = true } },
  on_exit = function(_, _, client_id)
    require('midfill.status').forget(client_id)
  end,
  commands = {
    ['midfill.docstring'] = function(command, context)
      require('midfill.write').command(command, context)
    end,
    ['midfill.tests'] = function(command, context)
      require('midfill.write').command(command, context)
    end,
    ['midfill.explain'] = function(command, context)
      require('midfill.explain').command(command, context)
    end,
  },
  handlers = {
    ['$/progress'] = function(...)
      require('midfill.explain').receive(...)
    end,
    ['midfill/status'] = function(_, params, ctx)
      require('midfill.status').receive(ctx.client_id, params)
    end,
    ['midfill/usage'] = function(_, params, ctx)
      require('midfill.status').receive_usage(ctx.client_id, params)
    end,
  },
}
