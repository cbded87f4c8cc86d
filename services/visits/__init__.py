"""月探访: the elders a community looks after, when each is to be visited next, what was found."""
