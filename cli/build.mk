# cli: rules of this directory
