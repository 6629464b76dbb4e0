"""The same requests to two servers, their answers compared."""
