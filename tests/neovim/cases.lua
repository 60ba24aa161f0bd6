--- What the plugin must do, one function a case. `$0` is the cursor.
---
--- Each case gets `open`, which starts an editor on a server that says what the rules tell it.
local M = {}

local rules = {
  { ends_with = 'def fib(n):\n    ', says = 'if n < 2:\n        return n' },
  { ends_with = 'def fib(n):\n    i', says = 'f n < 2:\n        return n' },
  { ends_with = 'total = ', says = 'sum(prices) + tax', others = { 'len(prices)' } },
  { ends_with = 'name = "naïve 😀"; size = ', says = 'len(name)' },
  { ends_with = '## What it does\n', says = '- It appends `n` to `cart`.\n' },
}
M.rules = rules

-- What has to be typed for the first rule, and what comes. Neovim indents the new line by itself.
local def, body = 'idef fib(n):<CR>', rules[1].says

--- Cases for every server: the stand-in, and midfill itself.
M.any_server = {
  ['ghost text appears where the cursor is'] = function(open)
    local editor = open({ text = '$0' })
    editor:type(def)
    editor:expect_ghost(body)
    editor:expect_screen(1, 'def fib(n):')
    editor:expect_screen(2, '    if n < 2:')
    editor:expect_screen(3, '        return n')
    editor:expect_text('def fib(n):\n    $0')
  end,

  ['<Tab> puts the ghost text into the buffer'] = function(open)
    local editor = open({ text = '$0' })
    editor:type(def)
    editor:expect_ghost(body)
    editor:type('<Tab>')
    editor:expect_text('def fib(n):\n    ' .. body .. '$0')
    editor:expect_ghost('')
  end,

  ['<Tab> is a plain tab where there is no ghost text'] = function(open)
    local editor = open({ text = 'x = 1\n$0\n' })
    editor:type('i')
    editor:expect_no_ghost_for(400)
    editor:type('<Tab>pass')
    -- Four spaces: Neovim's own settings for Python.
    editor:expect_text('x = 1\n    pass$0\n')
  end,

  ['a word is accepted and the rest stays'] = function(open)
    local editor = open({ text = 'prices, tax = [1, 2], 3\n$0' })
    editor:type('itotal = ')
    editor:expect_ghost('sum(prices) + tax')
    editor:type('<M-Right>')
    editor:expect_text('prices, tax = [1, 2], 3\ntotal = sum$0')
    editor:expect_ghost('(prices) + tax')
    editor:type('<M-Right><M-Right>')
    editor:expect_text('prices, tax = [1, 2], 3\ntotal = sum(prices$0')
    editor:expect_ghost(') + tax')
  end,

  ['a key goes through the texts to choose from'] = function(open)
    local editor = open({ text = 'prices, tax = [1, 2], 3\n$0' })
    editor:type('itotal = ')
    editor:expect_ghost('sum(prices) + tax')
    editor:type([[<M-\>]])
    editor:expect_ghost('len(prices)')
    editor:type([[<M-\>]])
    editor:expect_ghost('sum(prices) + tax')
    editor:type([[<M-\>]])
    editor:expect_ghost('len(prices)')
    editor:type('len')
    editor:expect_ghost('(prices)')
    editor:type('<Tab>')
    editor:expect_text('prices, tax = [1, 2], 3\ntotal = len(prices)$0')
  end,

  ['a line is accepted and the rest stays'] = function(open)
    local editor = open({ text = '$0' })
    editor:type(def)
    editor:expect_ghost(body)
    editor:type('<M-l>')
    editor:expect_text('def fib(n):\n    if n < 2:$0')
    editor:expect_ghost(body:match('\n.*'))
    editor:type('<M-l>')
    editor:expect_text('def fib(n):\n    ' .. body .. '$0')
  end,

  ['typing through the ghost text keeps it'] = function(open)
    local editor = open({ text = '$0' })
    editor:type(def)
    editor:expect_ghost(body)
    editor:type('if')
    editor:expect_ghost(body:sub(3), 1000)
    editor:expect_text('def fib(n):\n    if$0')
  end,

  ['<Tab> right after a typed character does not repeat it'] = function(open)
    local editor = open({ text = '$0' })
    editor:type(def)
    editor:expect_ghost(body)
    editor:type('i<Tab>')
    editor:expect_text('def fib(n):\n    ' .. body .. '$0')
  end,

  ['characters outside the basic plane before the cursor do not shift it'] = function(open)
    local editor = open({ text = '$0  # counts characters' })
    editor:type('iname = "naïve 😀"; size = ')
    editor:expect_ghost('len(name)')
    editor:type('<Tab>')
    editor:expect_text('name = "naïve 😀"; size = len(name)$0  # counts characters')
  end,

  ['text after the cursor stays after it'] = function(open)
    local editor = open({ text = 'prices, tax = [1, 2], 3\n$0  # with tax' })
    editor:type('itotal = ')
    editor:expect_ghost('sum(prices) + tax')
    editor:expect_screen(2, 'total = sum(prices) + tax  # with tax')
    editor:type('<Tab>')
    editor:expect_text('prices, tax = [1, 2], 3\ntotal = sum(prices) + tax$0  # with tax')
  end,

  ['the set-up of the README shows ghost text'] = function(open)
    local editor = open({ text = '$0', readme_block = 1 })
    editor:type(def)
    editor:expect_ghost(body)
    editor:type('<Tab>')
    editor:expect_text('def fib(n):\n    ' .. body .. '$0')
  end,

  ["Neovim's own inline completion, as in the README, shows the same text"] = function(open)
    local editor = open({ text = '$0', readme_block = 4 })
    editor:type(def)
    editor:expect_ghost(body)
    editor:type('<Tab>')
    editor:expect_text('def fib(n):\n    ' .. body .. '$0')
    assert(not editor:lua("return package.loaded['midfill.ghost_text'] ~= nil"), 'the plugin was loaded')
  end,

  -- An answer of `null` would leave the old text on the screen.
  ["Neovim's own inline completion hides text that fits no longer"] = function(open)
    local editor = open({ text = '$0', readme_block = 4 })
    editor:type(def)
    editor:expect_ghost(body)
    editor:type('pass')
    editor:expect_ghost('')
  end,
}

M.any_server[':Midfill why explains the last ghost text in a window that q closes'] = function(open)
  local editor = open({ text = 'prices, tax = [1], 2\n$0' })
  editor:type('itotal = ')
  editor:expect_ghost('sum(prices) + tax')
  editor:type('<Esc>')
  editor:lua("vim.cmd('Midfill why')")
  editor:expect_lua('markdown', 'return vim.bo.filetype')
  local report = editor:text()
  assert(report:find('# Ghost text was shown', 1, true), report)
  assert(report:find('total = ⟦sum(prices) + tax⟧', 1, true), report)
  editor:type('q')
  editor:expect_lua('python', 'return vim.bo.filetype')
end

local cart = 'LIMIT = 3\n\ndef put(cart, n):\n    if n > LIMIT:\n        raise ValueError(n)\n    $0cart.append(n)\n'

--- With the program itself, which answers by rules.
M.midfill = {}

M.midfill[':Midfill explain tells what the function does, and <CR> goes to the line'] = function(open)
  local editor = open({ text = cart })
  editor:lua("vim.cmd('Midfill explain')")
  editor:expect_lua(2, 'return #vim.api.nvim_list_wins()')
  editor:lua('vim.cmd.wincmd("l")')
  editor:expect_lua('markdown', 'return vim.bo.filetype')
  local said = 'return vim.fn.search(..., "w") > 0'
  editor:expect_lua(true, said, 'What it does')
  editor:expect_lua(true, said, 'In the model.s words')
  editor:expect_lua(true, said, 'It appends .n. to .cart.')
  editor:expect_lua(true, said, 'Improvements')
  editor:expect_lua(true, said, 'Raises')
  editor:type('<CR>')
  editor:expect_lua('python 5', 'return vim.bo.filetype .. " " .. vim.api.nvim_win_get_cursor(0)[1]')
  editor:lua('vim.cmd.wincmd("l")')
  editor:type('q')
  editor:expect_lua(1, 'return #vim.api.nvim_list_wins()')
end

M.midfill['a code action explains the function under the cursor'] = function(open)
  local editor = open({ text = cart })
  editor:lua([[
    vim.ui.select = function(items, _, choose)
      choose(items[1], 1)
    end
    vim.lsp.buf.code_action()
  ]])
  editor:expect_lua(2, 'return #vim.api.nvim_list_wins()')
  editor:lua('vim.cmd.wincmd("l")')
  editor:expect_lua(true, 'return vim.fn.search("Improvements", "w") > 0')
end

M.midfill['where there is no function a sentence says so, and no window stays'] = function(open)
  local editor = open({ text = (cart:gsub('%$0', '')):gsub('LIMIT = 3', 'LIMIT$0 = 3') })
  editor:lua("vim.cmd('Midfill explain')")
  editor:expect_lua(true, "return vim.fn.execute('messages'):find('no function or class at line 1', 1, true) ~= nil")
  editor:expect_lua(1, 'return #vim.api.nvim_list_wins()')
end

M.midfill[':Midfill docstring puts one in, and says that a second is none'] = function(open)
  local editor = open({ text = cart })
  editor:lua("vim.cmd('Midfill docstring')")
  editor:expect_lua(true, 'return vim.fn.search("Raises:", "nw") > 0')
  editor:expect_lua(true, 'return vim.fn.search("If .n. is greater than .LIMIT.", "nw") > 0')
  editor:lua("vim.cmd('Midfill docstring')")
  editor:expect_lua(true, "return vim.fn.execute('messages'):find('put has a docstring already', 1, true) ~= nil")
end

M.midfill[':Midfill tests opens the test file with the tests'] = function(open)
  local editor = open({ text = cart })
  editor:lua("vim.cmd('Midfill tests')")
  editor:expect_lua(2, 'return #vim.api.nvim_list_wins()')
  editor:expect_lua(true, 'return vim.fn.search("def test_put_raises_value_error", "nw") > 0')
  editor:expect_lua(true, "return vim.fs.basename(vim.api.nvim_buf_get_name(0)):match('^test_.*%.py$') ~= nil")
  editor:expect_lua(true, 'return vim.bo.modified')
end

--- Cases about the editor's side alone, on the stand-in.
M.stand_in = {
  ['without the capability there is no ghost text and <Tab> is plain'] = function(open)
    local editor = open({ text = '$0', server = { '--without-inline-completion' } })
    editor:type(def)
    editor:expect_no_ghost_for(600)
    editor:type('<Tab>')
    editor:expect_text('def fib(n):\n        $0')
  end,

  ['typing something else hides the ghost text at once'] = function(open)
    local editor = open({ text = '$0', server = { '--delay', '300' } })
    editor:type(def)
    editor:expect_ghost(body)
    editor:type('or')
    editor:expect_ghost('', 200)
    editor:type('<Tab>')
    editor:expect_text('def fib(n):\n    or  $0')
  end,

  ['an answer that comes too late is not shown and its request is cancelled'] = function(open)
    local editor = open({ text = '$0', server = { '--delay', '300', '--deaf' } })
    editor:type(def)
    editor:expect_lua(true, 'return #vim.fn.readfile(...) > 3', editor.log)
    vim.wait(100)
    editor:type('oo')
    editor:expect_no_ghost_for(900)
    local log = table.concat(vim.fn.readfile(editor.log), '\n')
    assert(log:find('$/cancelRequest', 1, true), 'no request was cancelled')
  end,

  ['a key for dismissing hides the ghost text until the next change'] = function(open)
    local editor = open({ text = '$0' })
    editor:type(def)
    editor:expect_ghost(body)
    editor:type('<C-]>')
    editor:expect_ghost('')
    editor:expect_no_ghost_for(400)
    editor:type('i')
    editor:expect_ghost(body:sub(2))
  end,

  ['a key asks by hand'] = function(open)
    local editor = open({ text = '$0', setup = { delay_ms = 60000 } })
    editor:type(def)
    editor:expect_no_ghost_for(300)
    editor:type([[<M-\>]])
    editor:expect_ghost(body)
    local log = table.concat(vim.fn.readfile(editor.log), '\n')
    assert(log:find('"triggerKind":1', 1, true), 'the request does not say that it was made by hand')
  end,

  ['what other tools say is wrong is passed on'] = function(open)
    local editor = open({ text = 'print(x)\n$0' })
    editor:lua([[
      vim.diagnostic.set(vim.api.nvim_create_namespace('linter'), 0, {
        { lnum = 0, col = 6, severity = vim.diagnostic.severity.ERROR, message = 'x is not defined' },
        { lnum = 0, col = 0, severity = vim.diagnostic.severity.HINT, message = 'a matter of taste' },
      })
    ]])
    editor:expect_lua(true, [[
      local log = table.concat(vim.fn.readfile(...), '\n')
      return log:find('x is not defined', 1, true) ~= nil
    ]], editor.log)
    local log = table.concat(vim.fn.readfile(editor.log), '\n')
    assert(log:find('midfill/diagnostics', 1, true), log)
    assert(not log:find('matter of taste', 1, true), log)
  end,

  ['leaving insert mode hides the ghost text'] = function(open)
    local editor = open({ text = '$0' })
    editor:type('itotal = ')
    editor:expect_ghost('sum(prices) + tax')
    editor:type('<Esc>')
    editor:expect_ghost('')
    editor:type('a')
    editor:expect_ghost('sum(prices) + tax')
  end,

  ['undo takes back what was accepted and leaves what was typed'] = function(open)
    local editor = open({ text = '$0' })
    editor:type(def)
    editor:expect_ghost(body)
    editor:type('<Tab>')
    editor:expect_text('def fib(n):\n    ' .. body .. '$0')
    editor:type('<Esc>u')
    editor:expect_lua('def fib(n):|    ', "return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), '|')")
  end,

  ['the keys typed right after <Tab> come after the accepted text'] = function(open)
    local editor = open({ text = '$0' })
    editor:type('itotal = ')
    editor:expect_ghost('sum(prices) + tax')
    editor:type('<Tab> # done')
    editor:expect_text('total = sum(prices) + tax # done$0')
  end,

  ['what <Tab> was mapped to before still works'] = function(open)
    local editor = open({ text = '$0', before = "vim.keymap.set('i', '<Tab>', function() return 'mine' end, { expr = true })" })
    editor:type('i<Tab>')
    editor:expect_text('mine$0')
  end,

  [':Midfill toggle switches ghost text off and on'] = function(open)
    local editor = open({ text = '$0' })
    editor:lua("vim.cmd('silent Midfill toggle')")
    editor:expect_lua('Midfill off', "return require('midfill').status()")
    editor:type(def)
    editor:expect_no_ghost_for(400)
    editor:lua("vim.cmd('silent Midfill toggle')")
    editor:expect_ghost(body)
  end,

  [':Midfill restart starts a new server that answers'] = function(open)
    local editor = open({ text = '$0' })
    local first = editor:lua("return vim.lsp.get_clients({ name = 'midfill' })[1].id")
    editor:lua("vim.cmd('silent Midfill restart')")
    editor:expect_lua(true, "local c = vim.lsp.get_clients({ name = 'midfill' })[1]; return c ~= nil and c.id ~= ...", first)
    editor:type(def)
    editor:expect_ghost(body)
  end,

  ['the status line says how far the model is loaded, then that it is ready'] = function(open)
    local editor = open({
      text = '$0',
      before = [[
        said = {}
        vim.api.nvim_create_autocmd('User', { pattern = 'MidfillStatus', callback = function()
          said[#said + 1] = require('midfill').status()
        end })
      ]],
    })
    editor:expect_lua('Midfill 40%, Midfill', "return table.concat(said, ', ')")
  end,

  [':Midfill status says why there was no ghost text'] = function(open)
    local editor = open({ text = '$0' })
    editor:type('ix = ')
    editor:expect_lua(true, "return vim.fn.execute('Midfill status'):find('no ghost text: no rule fits', 1, true) ~= nil")
  end,

  [':checkhealth midfill finds nothing wrong'] = function(open)
    local editor = open({ text = '$0' })
    editor:lua("vim.cmd('silent checkhealth midfill')")
    local report = editor:text()
    assert(report:find('Server 1', 1, true), report)
    assert(not report:find('ERROR', 1, true), report)
  end,

  ['an option that does not exist is refused in plain words'] = function(open)
    local editor = open({ text = '$0' })
    local fine, problem = unpack(editor:lua("return { pcall(require('midfill').setup, { comand = {} }) }"))
    assert(not fine and problem:find('there is no option "comand"', 1, true), vim.inspect(problem))
  end,
}

--- With the model that comes with Midfill.
M.real_model = {
  ['the shipped model writes ghost text and <Tab> puts exactly that into the buffer'] = function(open)
    -- By hand: unasked, the model would have to be surer.
    local editor = open({ text = M.sample, setup = { delay_ms = 60000 } })
    editor:type('a')
    editor:expect_no_ghost_for(300)
    editor:type([[<M-\>]])
    -- The first answer waits for the model to be loaded.
    local ghost = editor:expect_ghost(function(text)
      return vim.trim(text) ~= ''
    end, 60000)
    editor:type('<Tab>')
    editor:expect_text((M.sample:gsub('%$0', function()
      return ghost .. '$0'
    end, 1)))
  end,
}

return M
