// The document of a message as it came, with the lines that were refused marked.
import { useQuery } from '@tanstack/react-query'
import Drawer from 'antd/es/drawer'
import { useTranslation } from 'react-i18next'
import { inboundContent } from '../api/setup'
import type { InboundMessage } from '../api/types'
import { ErrorState, Lines } from '../frame/states'

const SHOWN_LINES = 5_000

export function InboundContent({ message, onClose }: { message: InboundMessage; onClose: () => void }) {
  const { t } = useTranslation()
  const content = useQuery({
    queryKey: ['setup', 'inbound-content', message.id],
    queryFn: () => inboundContent(message.id),
  })
  const wrong = new Map(message.problems.map((problem) => [problem.line, problem.message]))
  const lines = (content.data ?? '').split('\n')
  return (
    <Drawer
      open
      size={760}
      title={<span className="break">{t('inbound.contentOf', { message: message.message_id ?? message.id })}</span>}
      onClose={onClose}
    >
      {content.error ? (
        <ErrorState error={content.error} onRetry={() => void content.refetch()} />
      ) : content.data === undefined ? (
        <Lines />
      ) : (
        // Who has no mouse must reach what lies beyond the edge.
        <ol className="document" tabIndex={0}>
          {lines.slice(0, SHOWN_LINES).map((line, index) => (
            <li
              key={index}
              className={wrong.has(index + 1) ? 'document-wrong' : undefined}
              title={wrong.get(index + 1)}
            >
              <code>{line || ' '}</code>
            </li>
          ))}
          {lines.length > SHOWN_LINES && <li className="muted">…</li>}
        </ol>
      )}
    </Drawer>
  )
}
