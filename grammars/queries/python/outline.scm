; Imports at module level, also the guarded ones.
(module (import_statement) @import)
(module (import_from_statement) @import)
(module (future_import_statement) @import)
(module (try_statement body: (block (import_statement) @import)))
(module (try_statement body: (block (import_from_statement) @import)))
(module (if_statement consequence: (block (import_statement) @import)))
(module (if_statement consequence: (block (import_from_statement) @import)))
