//! With llama.cpp and the shipped model.
