#!/usr/bin/env node
'use strict';
require('./check-node.cjs')('atedb');
require('./run.cjs')('atedb');
