--- A second Neovim, driven over RPC, so that insert mode and its events are the real ones.
local Editor = {}
Editor.__index = Editor

local plugin = vim.fs.joinpath(vim.fs.dirname(arg[0]), '../../editors/neovim')

--- What is run in the second Neovim before it opens the file, when the test has no init.lua of its own.
local function init_of(options)
  local setup = vim.tbl_extend('force', { cmd = options.cmd }, options.setup or {})
  return table.concat({
    ('vim.opt.runtimepath:prepend(%q)'):format(vim.fs.normalize(plugin)),
    options.before or '',
    ("require('midfill').setup(%s)"):format(vim.inspect(setup)),
  }, '\n')
end

--- Starts Neovim on a new Python file with the given text and waits for the server.
---@param options {cmd: string[], text: string, init?: string, before?: string, setup?: table}
function Editor.open(options)
  local self = setmetatable({}, Editor)
  local folder = vim.fn.tempname() .. ' with a space'
  vim.fn.mkdir(folder, 'p')
  local path, init = vim.fs.joinpath(folder, 'example.py'), vim.fs.joinpath(folder, 'init.lua')
  local text, row, col = Editor.cursor_in(options.text)
  vim.fn.writefile(vim.split(text, '\n'), path)
  vim.fn.writefile(vim.split(options.init or init_of(options), '\n'), init)
  local command = { vim.v.progpath, '--embed', '--headless', '--clean', '-n', '-i', 'NONE', '-u', init, path }
  self.channel = vim.fn.jobstart(command, { rpc = true })
  assert(self.channel > 0, 'the second Neovim did not start')
  local attached = vim.wait(10000, function()
    return self:lua("return #vim.lsp.get_clients({ name = 'midfill', bufnr = 0 }) > 0")
  end, 20)
  if not attached then
    local messages = self:lua("return vim.fn.execute('messages')")
    self:close()
    error('the server did not start: ' .. table.concat(options.cmd, ' ') .. messages, 0)
  end
  self:lua('vim.api.nvim_win_set_cursor(0, { ... })', row, col)
  return self
end

--- The n-th block of Lua in the plugin's README, for this plugin and this server.
function Editor.from_readme(n, cmd)
  local readme = table.concat(vim.fn.readfile(vim.fs.joinpath(plugin, 'README.md')), '\n')
  local block
  for found in readme:gmatch('```lua\n(.-)```') do
    n = n - 1
    block = block or n == 0 and found or nil
  end
  local cmd_in_lua = vim.inspect(cmd):gsub('%%', '%%%%')
  return (
    assert(block, 'the README has fewer blocks of Lua')
      :gsub('/path/to/midfill/editors/neovim', (vim.fs.normalize(plugin):gsub('%%', '%%%%')))
      :gsub("{ '[^']*midfill', 'serve' }", cmd_in_lua)
  )
end

--- Takes the marker `$0` out of a text and says where it stood: (1, 0)-based, as Neovim counts.
function Editor.cursor_in(marked)
  local before = assert(marked:match('^(.-)%$0'), 'the text has no $0')
  local lines = vim.split(before, '\n')
  return (marked:gsub('%$0', '', 1)), #lines, #lines[#lines]
end

function Editor:lua(code, ...)
  return vim.rpcrequest(self.channel, 'nvim_exec_lua', code, { ... })
end

--- Types keys as a person does: into the input queue.
function Editor:type(keys)
  vim.rpcrequest(self.channel, 'nvim_input', keys)
end

--- The ghost text that is on the screen now, as one string; '' when there is none.
function Editor:ghost()
  return self:lua([[
    local text = ''
    for name, id in pairs(vim.api.nvim_get_namespaces()) do
      for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(0, id, 0, -1, { details = true })) do
        local details = mark[4]
        for _, chunk in ipairs(details.virt_text or {}) do
          text = text .. chunk[1]
        end
        for _, line in ipairs(details.virt_lines or {}) do
          text = text .. '\n'
          for _, chunk in ipairs(line) do
            text = text .. chunk[1]
          end
        end
      end
    end
    return text
  ]])
end

--- The text of the buffer with `$0` where the cursor is.
function Editor:text()
  local lines, cursor = unpack(self:lua([[
    return { vim.api.nvim_buf_get_lines(0, 0, -1, false), vim.api.nvim_win_get_cursor(0) }
  ]]))
  local line = lines[cursor[1]]
  lines[cursor[1]] = line:sub(1, cursor[2]) .. '$0' .. line:sub(cursor[2] + 1)
  return table.concat(lines, '\n')
end

--- Waits until the getter gives what is wanted; ends with both texts when it does not.
local function expect(what, get, wanted, timeout)
  local got
  local fits = type(wanted) == 'function' and wanted or function(value)
    return value == wanted
  end
  local came = vim.wait(timeout or 5000, function()
    got = get()
    return fits(got)
  end, 10)
  if not came then
    local wish = type(wanted) == 'function' and 'something else' or vim.inspect(wanted)
    error(('%s: wanted %s, got %s'):format(what, wish, vim.inspect(got)), 0)
  end
  return got
end

function Editor:expect_ghost(wanted, timeout)
  return expect('ghost text', function()
    return self:ghost()
  end, wanted, timeout)
end

--- One row of the screen, counted from 1, without the blanks at its end.
function Editor:expect_screen(row, wanted)
  return expect('screen row ' .. row, function()
    return self:lua(
      [[
      vim.cmd.redraw()
      local cells = {}
      for column = 1, vim.o.columns do
        cells[column] = vim.fn.screenstring(..., column)
      end
      return (table.concat(cells):gsub('%s+$', ''))
      ]],
      row
    )
  end, wanted)
end

function Editor:expect_text(wanted)
  return expect('buffer', function()
    return self:text()
  end, wanted)
end

function Editor:expect_lua(wanted, code, ...)
  local arguments = { ... }
  return expect(code, function()
    return self:lua(code, unpack(arguments))
  end, wanted)
end

--- Gives an answer that must not come the time to come: longer than the editor's and the server's
--- delays together. Ends with the text when there is any.
function Editor:expect_no_ghost_for(milliseconds)
  local text = ''
  vim.wait(milliseconds, function()
    text = self:ghost()
    return text ~= ''
  end, 10)
  if text ~= '' then
    error(('no ghost text was wanted, got %s'):format(vim.inspect(text)), 0)
  end
end

function Editor:close()
  vim.fn.jobstop(self.channel)
  vim.fn.jobwait({ self.channel }, 2000)
end

return Editor
