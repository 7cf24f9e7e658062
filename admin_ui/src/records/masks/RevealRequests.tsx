// Colleagues who ask to see masked values, for whoever may approve that; nothing where nobody asks.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import App from 'antd/es/app'
import Button from 'antd/es/button'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { useDescribe } from '../../api/queries'
import { decideReveal, revealRequests, type RevealRequest } from '../../api/reveals'
import { useErrorText } from '../../frame/useErrorText'
import { tidyName } from '../names'

const KEY = ['reveals']

export function RevealRequests() {
  const { t } = useTranslation()
  const asked = useQuery({ queryKey: KEY, queryFn: revealRequests })
  const requests = asked.data?.requests ?? []
  if (requests.length === 0) return null
  return (
    <section aria-label={t('mask.requests')}>
      <h2>{t('mask.requests')}</h2>
      <ul className="requests">
        {requests.map((request) => (
          <Request key={request.id} request={request} />
        ))}
      </ul>
    </section>
  )
}

function Request({ request }: { request: RevealRequest }) {
  const { t } = useTranslation()
  const { message } = App.useApp()
  const client = useQueryClient()
  const errorText = useErrorText()
  const describe = useDescribe(request.object)
  const fields = request.fields.map((name) => describe.data?.fields[name]?.label ?? name).join(', ')

  async function decide(verdict: 'approve' | 'refuse') {
    try {
      await decideReveal(request.id, verdict)
    } catch (error) {
      message.error(errorText(error))
    }
    void client.invalidateQueries({ queryKey: KEY })
  }

  return (
    <li className="request">
      <div>
        <strong>{t('mask.asks', { name: tidyName(request.user.name), fields })}</strong>
        <div className="muted">{request.reason}</div>
        <Link to={`/r/${request.record_id}`}>{t('mask.record', { object: describe.data?.label ?? request.object })}</Link>
      </div>
      <div className="row">
        <Button type="primary" onClick={() => void decide('approve')}>
          {t('mask.approve', { minutes: request.minutes })}
        </Button>
        <Button onClick={() => void decide('refuse')}>{t('mask.refuse')}</Button>
      </div>
    </li>
  )
}
