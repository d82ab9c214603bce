"""An invented former system to practise moving in with."""
