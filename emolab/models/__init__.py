"""The networks: what they are made of, where their first weights come from, what fine-tuning trains."""
