// Asks before what is not easily taken back, does it, and says why when it is refused.
import App from 'antd/es/app'
import { useTranslation } from 'react-i18next'
import { useErrorText } from './useErrorText'

interface Question {
  title: string
  content: string
  okText: string
  isDanger?: boolean
  /** Throws what was refused. */
  act: () => Promise<unknown>
  /** Runs also where the act was refused: what is on the screen may be old. */
  then?: () => unknown
}

export function useAsk(): (question: Question) => void {
  const { t } = useTranslation()
  const { modal, message } = App.useApp()
  const errorText = useErrorText()

  async function attempt({ act, then }: Question) {
    try {
      await act()
    } catch (error) {
      message.error(errorText(error))
    }
    then?.()
  }

  return (question) =>
    void modal.confirm({
      title: question.title,
      content: question.content,
      okText: question.okText,
      okButtonProps: { danger: question.isDanger ?? true },
      cancelText: t('action.cancel'),
      // Not awaited: the dialog that asks who it is comes after this one has gone.
      onOk: () => void attempt(question),
    })
}
