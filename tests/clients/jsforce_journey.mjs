// What a program does with jsforce; prints what it got, as JSON.
import jsforce from 'jsforce'

const { CHASSIS_URL: url, CHASSIS_TOKEN: accessToken, CHASSIS_CLIENT: clientId, CHASSIS_SECRET: clientSecret } = process.env
const connection = new jsforce.Connection({ instanceUrl: url, accessToken, version: '66.0' })
const told = {}

told.identity = (await connection.identity()).username
told.objects = (await connection.describeGlobal()).sobjects.map((each) => each.name)
told.fields = (await connection.describe('Lead')).fields.map((each) => each.name)

const leads = connection.sobject('Lead')
const made = await leads.create({ LastName: 'Sample', MobilePhone: '+13935550130' })
await leads.update({ Id: made.id, LastName: '欧阳' })
const read = await leads.retrieve(made.id)
told.read = [read.attributes.type, read.LastName, read.Id === made.id]
const upserts = [1, 2].map(() => ({ LastName: 'Nordwind', AccountNumber: 'JS-1' }))
told.upserted = []
for (const each of upserts) told.upserted.push((await connection.sobject('Account').upsert(each, 'AccountNumber')).created ?? false)

const many = Array.from({ length: 450 }, (_, number) => ({
  LastName: `Many ${String(number).padStart(3, '0')}`,
  MobilePhone: `+1393555${String(1000 + number)}`,
}))
told.created = (await leads.create(many, { allowRecursive: true })).filter((each) => each.success).length
const query = "SELECT Id, LastName, Owner.Name FROM Lead WHERE LastName LIKE 'Many%' ORDER BY LastName"
const fetched = await connection.query(query, {
  autoFetch: true,
  maxFetch: 10_000,
  headers: { 'Sforce-Query-Options': 'batchSize=200' },
})
told.fetched = [fetched.totalSize, fetched.records.length, fetched.records.at(-1).LastName]
const found = await leads.find({ LastName: { $like: 'Many%' } }, ['Id', 'Name']).sort('-Name').limit(2)
told.found = found.map((each) => each.Name)
const ids = fetched.records.slice(0, 300).map((each) => each.Id)
told.retrieved = (await leads.retrieve(ids)).length
const updated = await leads.update(ids.map((Id) => ({ Id, Company: 'Sample & Sons' })), { allowRecursive: true })
told.updated = updated.filter((each) => each.success).length

const composite = await connection.requestPost('/services/data/v66.0/composite', {
  allOrNone: true,
  compositeRequest: [
    { method: 'POST', url: '/services/data/v66.0/sobjects/Lead', referenceId: 'lead', body: { LastName: 'Comp', MobilePhone: '+13935550131' } },
    { method: 'GET', url: '/services/data/v66.0/sobjects/Lead/@{lead.id}?fields=LastName', referenceId: 'again' },
  ],
})
told.composite = composite.compositeResponse.map((each) => each.httpStatusCode).concat(composite.compositeResponse[1].body.LastName)

const polling = { pollTimeout: 120_000, pollInterval: 300 }
const rows = many.slice(0, 50).map((each) => ({
  LastName: each.LastName.replace('Many', 'Bulk'),
  MobilePhone: each.MobilePhone.replace('+1393', '+1394'),
}))
const loaded = await connection.bulk2.loadAndWaitForResults({ object: 'Lead', operation: 'insert', input: [...rows, { MobilePhone: '+1' }], ...polling })
told.loaded = [loaded.successfulResults.length, loaded.failedResults.map((each) => each.sf__Error)]
const exported = await connection.bulk2.query("SELECT Id, LastName FROM Lead WHERE LastName LIKE 'Bulk%'", polling)
told.exported = (await exported.toArray()).map((each) => each.LastName).sort().slice(0, 2)
const removed = await leads.find({ LastName: { $like: 'Many%' } }).destroy({ bulkApiVersion: 2, ...polling })
told.removed = removed.length
await leads.destroy(made.id)

told.errors = []
for (const attempt of [() => leads.create({ FirstName: 'Nobody' }), () => connection.query('SELECT Nope FROM Lead'), () => leads.retrieve(made.id)]) {
  await attempt().catch((error) => told.errors.push(error.errorCode))
}
told.usage = connection.limitInfo.apiUsage.limit

const signedIn = new jsforce.Connection({ oauth2: { loginUrl: url, clientId, clientSecret }, loginUrl: url, version: '66.0' })
const user = await signedIn.login(process.env.CHASSIS_USERNAME, process.env.CHASSIS_PASSWORD)
told.signedIn = (await signedIn.identity()).user_id === user.id
await signedIn.logout()

const bySoap = new jsforce.Connection({ loginUrl: url, version: '64.0' })
told.soap = await bySoap.login(process.env.CHASSIS_USERNAME, process.env.CHASSIS_PASSWORD).then(
  async () => {
    const name = (await bySoap.identity()).username
    await bySoap.logout()
    return name
  },
  (error) => error.message.split(':')[0],
)
console.log(JSON.stringify(told))
