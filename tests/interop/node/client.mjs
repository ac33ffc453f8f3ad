// OpenAI's own client for Node, as anybody would use it: the gateway's base URL and the token are those of the environment.
import OpenAI from "openai";

const { BASE_URL, TOKEN } = process.env;
const client = new OpenAI({ baseURL: BASE_URL, apiKey: TOKEN, maxRetries: 0, timeout: 30_000 });
const messages = [{ role: "user", content: "Which Iris is 6.3 3.3 6.0 2.5?" }];
const tooLarge = [{ role: "user", content: "x".repeat(20_000_000) }];

// Of a refusal without a member `error`, as the gateway makes them, the client shows the status alone: this is what came with it.
let came;
const listening = client.withOptions({
  fetch: async (...call) => {
    const answer = await fetch(...call);
    came = await answer.clone().json();
    return answer;
  },
});

async function refused(call) {
  try {
    await call;
    return "done";
  } catch (error) {
    return [error.status, error.message];
  }
}

const models = await client.models.list();
const model = models.data[0].id;
const chat = await client.chat.completions.create({ model, messages });
const chunks = [];
for await (const chunk of await client.chat.completions.create({ model, messages, stream: true })) {
  chunks.push(chunk);
}
const embeddings = (await client.embeddings.create({ model, input: ["an iris", "a rose"] })).data;

console.log(
  JSON.stringify({
    models: models.data.map((model) => model.id),
    chat: [chat.choices[0].message.content, chat.choices[0].finish_reason],
    streamed: chunks.map((chunk) => chunk.choices[0].delta.content ?? null),
    streamed_finish: chunks.at(-1).choices[0].finish_reason,
    dimensions: embeddings.map((one) => one.embedding.length),
    distinct: embeddings[0].embedding.join() !== embeddings[1].embedding.join(),
    closed: await refused(client.batches.list()),
    administrative: await refused(client.post("/load_lora_adapter", { body: {} })),
    too_large: await refused(listening.chat.completions.create({ model, messages: tooLarge })),
    came,
    stranger: await refused(client.withOptions({ apiKey: "nobody" }).models.list()),
  }),
);
