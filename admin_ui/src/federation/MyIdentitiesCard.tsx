// At which identity providers one is known; one's own account there can be linked here.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import App from 'antd/es/app'
import Button from 'antd/es/button'
import { useTranslation } from 'react-i18next'
import { beginLink, endLink, myIdentities, type MyIdentity } from '../api/federation'
import { useErrorText } from '../frame/useErrorText'

const MINE = ['federation', 'my-identities']

export function MyIdentitiesCard() {
  const { t } = useTranslation()
  const client = useQueryClient()
  const { message } = App.useApp()
  const errorText = useErrorText()
  const all = useQuery({ queryKey: MINE, queryFn: myIdentities })

  async function act(each: MyIdentity) {
    try {
      if (each.subject === null) return window.location.assign((await beginLink(each.name)).redirect)
      await endLink(each.name)
      await client.invalidateQueries({ queryKey: MINE })
    } catch (error) {
      message.error(errorText(error))
    }
  }

  // Where the organisation has no provider there is nothing to say.
  if (all.data === undefined || all.data.identities.length === 0) return null
  return (
    <section className="card" aria-labelledby="my-identities-title">
      <header>
        <h2 id="my-identities-title">{t('federation.myIdentities')}</h2>
      </header>
      <ul className="factor-list">
        {all.data.identities.map((each) => (
          <li key={each.name}>
            <div className="factor-name">
              <strong>{each.label}</strong>
              <div className="muted small">
                {each.subject === null
                  ? t('federation.notLinked')
                  : t('federation.linkedAs', { subject: each.subject })}
              </div>
            </div>
            <Button size="small" danger={each.subject !== null} onClick={() => void act(each)}>
              {t(each.subject === null ? 'federation.linkMine' : 'federation.unlink')}
            </Button>
          </li>
        ))}
      </ul>
    </section>
  )
}
