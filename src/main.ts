#!/usr/bin/env node
/**
 * Process entry of the `odradek` command.
 */
process.exitCode = 0;
