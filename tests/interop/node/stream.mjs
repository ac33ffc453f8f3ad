// OpenAI's own client for Node with `stream: true`: each piece with the time at which it had it. BASE_URL, TOKEN and PROMPT are those of
// the environment.
import OpenAI from "openai";

const client = new OpenAI({ baseURL: process.env.BASE_URL, apiKey: process.env.TOKEN, maxRetries: 0, timeout: 60_000 });

async function pieces(prompt) {
  const messages = [{ role: "user", content: prompt }];
  const chat = [];
  for await (const chunk of await client.chat.completions.create({ model: "odsc-llm", messages, stream: true })) {
    chat.push([Date.now() / 1000, chunk.choices[0].delta.content ?? ""]);
  }
  return chat;
}

// The first pieces are late by what the library makes of itself.
await pieces("6.3 3.3 6.0 2.5");
console.log(JSON.stringify({ chat: await pieces(process.env.PROMPT) }));
