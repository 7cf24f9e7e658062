// Codes for who has lost the factor: shown this once, to be kept on paper or in a safe.
import { CopyOutlined, DownloadOutlined } from '@ant-design/icons'
import Alert from 'antd/es/alert'
import Button from 'antd/es/button'
import { useTranslation } from 'react-i18next'
import { saveFile } from '../frame/saveFile'
import { useReady } from '../frame/useReady'

export function RecoveryCodes({ codes, onDone }: { codes: string[]; onDone: () => void }) {
  const { t } = useTranslation()
  const ready = useReady()
  const text = codes.join('\n')
  return (
    <div className="sign-in-form">
      <Alert type="warning" showIcon title={t('security.codesOnce')} description={t('security.codesWhy')} />
      <ol className="recovery-codes" data-testid="recovery-codes">
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ol>
      <div className="row-tight wrap">
        <Button
          icon={<CopyOutlined aria-hidden />}
          onClick={() => {
            void navigator.clipboard?.writeText(text)
            ready(t('record.copied'))
          }}
        >
          {t('action.copy')}
        </Button>
        <Button
          icon={<DownloadOutlined aria-hidden />}
          onClick={() => saveFile(new Blob([`${text}\n`], { type: 'text/plain' }), 'chassis-recovery-codes.txt')}
        >
          {t('security.download')}
        </Button>
      </div>
      <Button type="primary" size="large" block onClick={onDone}>
        {t('security.codesKept')}
      </Button>
    </div>
  )
}
