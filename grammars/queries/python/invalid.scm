; What the grammar lets pass and Python does not: an augmented assignment has no value.
(augmented_assignment right: (augmented_assignment) @invalid)
(augmented_assignment right: (assignment) @invalid)
(assignment right: (augmented_assignment) @invalid)
