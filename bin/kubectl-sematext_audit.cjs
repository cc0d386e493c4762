#!/usr/bin/env node
// Starts the bundle in dist/ with a V8 code cache of our own, which makes most of the start-up time go away. The
// syntax is that of 2009 (lint sees to it), so that even an ancient Node can read it and say why it will not do.
'use strict';
var fs = require('fs');
var os = require('os');
var path = require('path');
var v8 = require('v8');
var vm = require('vm');

/** node version as [major, minor] */
var node = process.version.slice(1).split('.').map(Number);
var dist = path.join(__dirname, '..', 'dist');

/** The folder of the code cache, or undefined when there is none to be had. */
function cacheFolder() {
  var env = process.env;
  if (env.SEMATEXT_AUDIT_NO_CACHE) return undefined;
  var home = env.HOME || os.homedir();
  var base;
  if (process.platform === 'win32') base = env.LOCALAPPDATA;
  else if (env.XDG_CACHE_HOME && path.isAbsolute(env.XDG_CACHE_HOME)) base = env.XDG_CACHE_HOME;
  else if (home)
    base = process.platform === 'darwin' ? path.join(home, 'Library', 'Caches') : path.join(home, '.cache');
  return base && path.join(base, 'kubectl-sematext-audit', 'code');
}

/** Whether nobody but this user can have written here: cached code is code. */
function ours(stat) {
  if (!process.getuid) return true;
  return stat.uid === process.getuid() && (stat.mode & 18) === 0;
}

function attempt(action) {
  try {
    return action();
  } catch (error) {
    // A cache that cannot be read or written is no cache; the program runs without.
    return undefined;
  }
}

var folder = attempt(cacheFolder);
var trusted =
  folder !== undefined &&
  attempt(function () {
    var stat = fs.lstatSync(folder);
    return stat.isDirectory() && ours(stat);
  });
/** Node, V8, its flags and the processor's abilities, in one number; the architecture has its own. */
var engine = process.version + '-' + process.arch + '-' + v8.cachedDataVersionTag().toString(16);
/** Chunks that ran without valid cached code: {file, script}. */
var missed = [];

/**
 * V8 does not look whether the bytes it is handed are those that it wrote, and would crash over a wrong one. Each
 * file holds them twice: to compare takes no time, where a hash would need a module or a slow loop.
 */
function agreed(bytes, length) {
  var half = bytes.subarray(0, length >> 1);
  return length > 0 && half.equals(bytes.subarray(length >> 1, length)) ? half : undefined;
}

function readCached(file) {
  if (!trusted) return undefined;
  return attempt(function () {
    var fd = fs.openSync(path.join(folder, file), 'r');
    try {
      var stat = fs.fstatSync(fd);
      if (!ours(stat)) return undefined;
      var bytes = Buffer.allocUnsafeSlow(stat.size);
      return agreed(bytes, fs.readSync(fd, bytes, 0, stat.size, 0));
    } finally {
      fs.closeSync(fd);
    }
  });
}

var loaded = Object.create(null);

/** Runs a chunk of dist/, once. */
function load(name) {
  if (loaded[name]) return loaded[name].exports;
  var filename = path.join(dist, name);
  // The bundle is ASCII; its first line is a hash of the rest.
  var source = fs.readFileSync(filename, 'latin1');
  var file = path.basename(name, '.js').replace(/-[^-]*$/, '') + '-' + source.slice(2, 34) + '-' + engine;
  var cached = readCached(file);
  var script = new vm.Script(source, { filename: filename, cachedData: cached });
  if (cached === undefined || script.cachedDataRejected) missed.push({ file: file, script: script });
  var module = (loaded[name] = { exports: {} });
  script.runInThisContext()(module.exports, requireFrom, module, filename, dist);
  return module.exports;
}

function requireFrom(name) {
  return name.charAt(0) === '.' ? load(name.slice(2)) : require(name);
}

/** Makes a folder and those above it. Node's own `recursive` tries for ever where a file system knows no mkdir. */
function make(where) {
  try {
    fs.mkdirSync(where, 448);
  } catch (error) {
    if (error.code === 'EEXIST') return;
    if (error.code !== 'ENOENT' || path.dirname(where) === where) throw error;
    make(path.dirname(where));
    fs.mkdirSync(where, 448);
  }
}

var week = 7 * 24 * 60 * 60 * 1000;

/** Removes what other versions left, unless it was written lately: two versions may be in use. */
function sweep(kept) {
  fs.readdirSync(folder).forEach(function (name) {
    if (kept.indexOf(name) !== -1) return;
    attempt(function () {
      var file = path.join(folder, name);
      if (Date.now() - fs.statSync(file).mtimeMs > week) fs.unlinkSync(file);
    });
  });
}

/** Writes the code of this run, with all functions that were compiled in it, for the next one. */
function writeCached() {
  if (folder === undefined || missed.length === 0) return;
  if (trusted === undefined) make(folder);
  else if (!trusted) return;
  missed.forEach(function (miss) {
    var data = miss.script.createCachedData();
    var bytes = Buffer.concat([data, data]);
    var temporary = path.join(folder, miss.file + '.' + process.pid + '.tmp');
    try {
      fs.writeFileSync(temporary, bytes, { mode: 384, flag: 'wx' });
      fs.renameSync(temporary, path.join(folder, miss.file));
    } catch (error) {
      fs.unlinkSync(temporary);
      throw error;
    }
  });
  sweep(
    missed.map(function (miss) {
      return miss.file;
    }),
  );
}

if (node[0] < 20 || (node[0] === 20 && node[1] < 12)) {
  process.stderr.write(
    'kubectl sematext-audit needs Node.js 20.12 or newer; this is ' +
      process.version +
      ' at ' +
      process.execPath +
      '.\n',
  );
  process.exitCode = 2;
} else {
  process.on('exit', function () {
    attempt(writeCached);
  });
  load('main.js');
}
