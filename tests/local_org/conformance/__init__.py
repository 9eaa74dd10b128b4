"""The statements of the Bulk API 2.0 contract as tests over plain HTTP, for the local org or any sandbox."""
