"""Agents whose mind is their owner's back end, asked by Layercode's webhooks."""
