# tests: rules of this directory
