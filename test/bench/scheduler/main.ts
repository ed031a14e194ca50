#!/usr/bin/env bun
/** Our scheduler beside crm_simulate; see `run.ts`. */
import "./run.ts";
