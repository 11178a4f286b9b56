# docker: rules of this directory
