# bench: rules of this directory
