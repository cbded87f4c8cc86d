/* Reading aloud, slowly, with the device's own Chinese voice. */

const canSpeak = "speechSynthesis" in window;
const DIGITS = "零幺二三四五六七八九";

/** Long numbers are read digit by digit, 1 as 幺, the way people read them over the phone. */
function speakable(text) {
  return text
    .replace(/SQ-?([\d-]{6,})/g, (_, number) => say("number", { number }))
    .replace(/\d[\d-]{4,}\d|\b1(?:10|19|20|22)\b/g, (number) =>
      Array.from(number, (c) => (c === "-" ? "，" : DIGITS[Number(c)])).join(""),
    );
}

function speak(text) {
  speechSynthesis.cancel();
  const words = new SpeechSynthesisUtterance(speakable(text));
  words.lang = "zh-CN";
  words.rate = 0.85;
  const voice = speechSynthesis.getVoices().find((v) => v.lang.replace("_", "-").startsWith("zh"));
  if (voice) words.voice = voice;
  speechSynthesis.speak(words);
}
