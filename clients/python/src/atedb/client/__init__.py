"""The client: connects, opens, appends, reads, and believes nothing that it can verify."""
