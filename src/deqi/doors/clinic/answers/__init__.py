"""Staff page: how many of the ratings asked for came."""
