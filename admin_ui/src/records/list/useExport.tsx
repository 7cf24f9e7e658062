// Takes a list away as a file; says how much of it has come, and stops when asked to.
import App from 'antd/es/app'
import Button from 'antd/es/button'
import { useTranslation } from 'react-i18next'
import { exportFile } from '../../api/endpoints'
import type { ExportFormat, ListRequest } from '../../api/types'
import { saveFile } from '../../frame/saveFile'
import { useErrorText } from '../../frame/useErrorText'
import { useWholeNumber } from '../fields/useWholeNumber'

const KILOBYTE = 1024
/** Said again so often at most. */
const EVERY_MS = 250

export function useExport(object: string, request: ListRequest): (format: ExportFormat) => Promise<void> {
  const { t } = useTranslation()
  const { message } = App.useApp()
  const errorText = useErrorText()
  const number = useWholeNumber()

  return async (format) => {
    const key = `export-${object}-${format}`
    const stop = new AbortController()
    let saidAt = 0
    function say(bytes: number) {
      if (performance.now() - saidAt < EVERY_MS) return
      saidAt = performance.now()
      const size = number(Math.ceil(bytes / KILOBYTE))
      const content = (
        <>
          {bytes === 0 ? t('list.exporting') : t('list.exportingSize', { size })}{' '}
          <Button size="small" type="link" onClick={() => stop.abort()}>
            {t('action.cancel')}
          </Button>
        </>
      )
      void message.open({ key, type: 'loading', content, duration: 0 })
    }
    say(0)
    try {
      saveFile(await exportFile(object, request, format, stop.signal, say), `${object}.${format}`)
      message.destroy(key)
    } catch (error) {
      message.destroy(key)
      if (!stop.signal.aborted) message.error(errorText(error))
    }
  }
}
