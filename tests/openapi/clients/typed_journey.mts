// The same with the types that openapi-typescript makes of the document: a field that is none does not compile.
import createClient from 'openapi-fetch'
import type { components, paths } from './schema.mjs'

declare const process: { env: Record<string, string | undefined> }

type NewLead = components['schemas']['LeadCreate']

const client = createClient<paths>({
  baseUrl: process.env.CHASSIS_URL!,
  headers: { authorization: `Bearer ${process.env.CHASSIS_TOKEN}` },
})
const lead: NewLead = {
  LastName: '欧阳',
  Company: 'Typed',
  MobilePhone: '13912345678',
  LeadSource: 'Website',
  // @ts-expect-error there is no such field
  Compani: undefined,
}
const made = await client.POST('/services/data/v66.0/sobjects/Lead', { body: lead })
const id = made.data!.id!
const path = { id }
const refused = await client.POST('/services/data/v66.0/sobjects/Lead', { body: { LastName: 'Too long'.repeat(99) } })
await client.PATCH('/services/data/v66.0/sobjects/Lead/{id}', { params: { path }, body: { Company: 'Changed' } })
const read = await client.GET('/services/data/v66.0/sobjects/Lead/{id}', { params: { path } })
const found = await client.GET('/services/data/v66.0/query', {
  params: { query: { q: `SELECT Id, LastName FROM Lead WHERE Id = '${id}'` } },
})
const gone = await client.DELETE('/services/data/v66.0/sobjects/Lead/{id}', { params: { path } })
console.log(
  JSON.stringify({
    success: made.data!.success,
    refused: refused.error!.map((each) => each.errorCode),
    read: [read.data!.LastName, read.data!.Company, read.data!.LeadSource],
    found: found.data!.records!.length,
    deleted: gone.response.status,
  }),
)
