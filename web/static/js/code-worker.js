/* Reads codes out of pictures of the camera, where the browser cannot do it itself. Message: {script, wasm} first, then
   {data, width, height} of one picture, answered by {codes}. */
'use strict';
var options = { formats: ['QRCode', 'DataMatrix', 'Code128', 'Code39', 'EAN13', 'EAN8', 'Aztec'], tryHarder: true, maxNumberOfSymbols: 1 };

onmessage = function (event) {
  if (event.data.script) {
    importScripts(event.data.script);
    var wasm = event.data.wasm;
    ZXingWASM.prepareZXingModule({ overrides: { locateFile: function () { return wasm; } }, fireImmediately: true }).then(
      function () { postMessage({ ready: true }); },
      function (fault) { postMessage({ fault: String(fault) }); });
    return;
  }
  var picture = new ImageData(new Uint8ClampedArray(event.data.data), event.data.width, event.data.height);
  ZXingWASM.readBarcodes(picture, options).then(function (results) {
    postMessage({ codes: results.filter(function (one) { return one.isValid && one.text; }).map(function (one) { return one.text; }) });
  }, function (fault) { postMessage({ codes: [], fault: String(fault) }); });
};
