#!/usr/bin/env node
'use strict';
require('./check-node.cjs')('auth-server');
require('./run.cjs')('auth-server');
