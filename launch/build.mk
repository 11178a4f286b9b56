# launch: rules of this directory
