--- Runs the cases: nvim --clean --headless -l drive.lua SAMPLE [MIDFILL]
---
--- SAMPLE is a Python file; ghost text is asked for after its line `return` without a value. MIDFILL is
--- the program under test; without it only the editor's side is tested, on the stand-in.
local here = vim.fs.dirname(arg[0])
package.path = vim.fs.joinpath(here, '?.lua;') .. package.path
local Editor = require('editor')
local cases = require('cases')

local sample, midfill = arg[1], arg[2]
local rules = vim.fn.tempname() .. '.json'
vim.fn.writefile({ vim.json.encode(cases.rules) }, rules)
cases.sample = table.concat(vim.fn.readfile(sample), '\n'):gsub('\n( +return)\n', '\n%1$0\n', 1)

local function open_on(cmd, options)
  options.cmd = cmd
  options.init = options.readme_block and Editor.from_readme(options.readme_block, cmd)
  return Editor.open(options)
end

local function on_stand_in(options)
  local log = vim.fn.tempname()
  local cmd = { vim.v.progpath, '--clean', '-l', vim.fs.joinpath(here, 'stand_in.lua'), rules, '--log', log }
  local editor = open_on(vim.list_extend(cmd, options.server or {}), options)
  editor.log = log
  return editor
end

local function on_midfill(...)
  local cmd = { midfill, 'serve', ... }
  return function(options)
    return open_on(cmd, options)
  end
end

local passed, failed = 0, 0

---@param server string who answers, for the report
local function run(server, group, open)
  local names = vim.tbl_keys(group)
  table.sort(names)
  for _, name in ipairs(names) do
    local editors = {}
    local start = vim.uv.hrtime()
    local fine, problem = xpcall(group[name], function(message)
      return type(message) == 'string' and message:find('wanted', 1, true) and message or debug.traceback(message)
    end, function(options)
      editors[#editors + 1] = open(options)
      return editors[#editors]
    end)
    for _, editor in ipairs(editors) do
      editor:close()
    end
    local seconds = (vim.uv.hrtime() - start) / 1e9
    io.write(('%s  %s [%s] %.1f s\n'):format(fine and 'ok  ' or 'FAIL', name, server, seconds))
    if fine then
      passed = passed + 1
    else
      failed = failed + 1
      io.write('      ', tostring(problem):gsub('\n', '\n      '), '\n')
    end
    io.flush()
  end
end

run('stand-in', cases.any_server, on_stand_in)
run('stand-in', cases.stand_in, on_stand_in)
if midfill then
  run('midfill, scripted', cases.any_server, on_midfill('--scripted', rules))
  run('midfill, scripted', cases.midfill, on_midfill('--scripted', rules))
  run('midfill, shipped model', cases.real_model, on_midfill())
end
io.write(('%d passed, %d failed\n'):format(passed, failed))
os.exit(failed == 0 and passed > 0 and 0 or 1)
