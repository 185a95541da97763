#!/no/such/interpreter -w
hello
