"""The parts of the strict OTLP receiver; `strict_receiver.py` beside this folder starts it."""
