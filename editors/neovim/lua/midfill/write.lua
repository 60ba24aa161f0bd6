--- Writes docstrings and tests for the function under the cursor.
local M = {}

local api = vim.api

--- Asks the server for something about the function under the cursor, or in these lines.
---@param command string
---@param first? integer from 1
---@param last? integer
---@param show fun(answer: table)
local function ask(command, first, last, show)
  local client, argument = require('midfill.subject').here(first, last)
  if client then
    M.request(client, { command = command, arguments = { argument } }, show)
  end
end

---@param client vim.lsp.Client
---@param command lsp.Command
---@param show fun(answer: table)
function M.request(client, command, show)
  local params = { command = command.command, arguments = command.arguments }
  client:request('workspace/executeCommand', params, function(problem, answer)
    if problem then
      return vim.notify('Midfill: ' .. problem.message, vim.log.levels.WARN)
    end
    if answer then
      show(answer)
    end
    -- By its number: of buffer 0, edits that the server does not know yet would not be sent first.
  end, api.nvim_get_current_buf())
end

--- The first line of a docstring is told apart by who wrote it.
function M.show_docstrings(answer)
  for _, one in ipairs(answer.docstrings) do
    if one.author ~= 'name' then
      vim.notify(('Midfill: the first line of the docstring of %s is the model\'s.'):format(one.name))
    end
  end
end

--- Opens the test file in a window below, with the tests in it; nothing is saved.
function M.show_tests(answer)
  vim.cmd('botright split ' .. vim.fn.fnameescape(answer.path))
  api.nvim_buf_set_lines(0, 0, -1, false, vim.split(vim.trim(answer.text), '\n'))
  if answer.cases > 0 then
    vim.notify(('Midfill: %d cases are the model\'s: read them before you rely on them.'):format(answer.cases))
  end
end

--- Puts a docstring into the function under the cursor, or the functions in these lines.
function M.docstring(first, last)
  ask('midfill.docstring', first, last, M.show_docstrings)
end

--- Opens a test file for the function under the cursor.
function M.tests(first, last)
  ask('midfill.tests', first, last, M.show_tests)
end

--- The code action's command, whose answer is to be shown.
---@param command lsp.Command
---@param context table
function M.command(command, context)
  local client = assert(vim.lsp.get_client_by_id(context.client_id))
  M.request(client, command, command.command == 'midfill.tests' and M.show_tests or M.show_docstrings)
end

return M
